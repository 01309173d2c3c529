"""The figures of months and threads: to look at, not to edit."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.decorators import display

from core.admin.listing import ReadOnlyAdmin
from projects.analytics.export import growth
from projects.models import Analytics

SHOWN = 25  # lines of a table; all of them: manage.py analytics --format json


@admin.register(Analytics)
class AnalyticsAdmin(ReadOnlyAdmin):
    list_display = ("period", "comments", "valid", "projects", "authors", "returning_authors", "computed_at")
    fields = readonly_fields = (
        *("period", "post", "comments", "read_comments", "valid", "projects", "projects_seen_again"),
        *("authors", "returning_authors", "computed_at"),
    )
    list_filter = ("year", ("post", admin.EmptyFieldListFilter))
    list_select_related = ("post",)
    change_form_outer_after_template = "admin/projects/analytics/tables.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the counts, and each list of the figures as a table."""
        row = self.get_object(request, object_id)
        more = {} if row is None else {"tables": tables(row), "scores": scores(row)}
        page: HttpResponse = super().change_view(request, object_id, form_url, more | (extra_context or {}))
        return page

    @display(description="with a project", empty_value="—")
    def valid(self, row: Analytics) -> str | None:
        return None if row.valid_share is None else f"{row.valid_share:.0%}"


def tables(row: Analytics) -> list[dict[str, Any]]:
    """Return each list of a period as a table: title, heads, first lines, and how many more there are."""
    new = set(row.new_tags)
    lists: tuple[tuple[str, tuple[str, ...], list[tuple[Any, ...]]], ...] = (
        (
            "Tags",
            ("Tag", "Projects", "Against the 3 months before"),
            [(tag["name"], tag["count"], growth(tag["growth"])) for tag in row.tags],
        ),
        (
            "Tags that no earlier thread had",
            ("Tag", "Projects"),
            [(tag["name"], tag["count"]) for tag in row.tags if tag["name"] in new],
        ),
        (
            "Tags together",
            ("Two tags of one project", "Projects"),
            [(" and ".join(pair["tags"]), pair["count"]) for pair in row.tag_pairs],
        ),
        ("Links", ("Host", "Projects"), [(host["host"], host["count"]) for host in row.hosts]),
    )
    return [
        {"title": title, "heads": heads, "lines": lines[:SHOWN], "more": max(len(lines) - SHOWN, 0)}
        for title, heads, lines in lists
    ]


def scores(row: Analytics) -> list[tuple[int, int, int]]:
    """Return each score with the projects whose idea has it, and those whose complexity has it."""
    pairs = zip(row.idea_scores, row.complexity_scores, strict=True)
    return [(score, idea, complexity) for score, (idea, complexity) in enumerate(pairs, start=1)]
