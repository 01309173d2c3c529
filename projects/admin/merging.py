"""Merging two projects in the admin: the likely pairs, and both side by side."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from psycopg.errors import QueryCanceled
from unfold.admin import ModelAdmin
from unfold.decorators import action

from core.admin.listing import page_context
from core.api.listing import limited_query
from projects.admin.undo_messages import tell_done
from projects.models import Project, ReviewAction
from projects.reviewing import acts
from projects.reviewing.merging import MergeError, find_likely_pairs

PAIRS = 100


class MergePages(ModelAdmin):
    """The pages and actions of merging, for the admin of projects."""

    actions: tuple[str, ...] = ("merge_selected",)
    actions_list = ("likely_duplicates",)

    def get_urls(self) -> list[URLPattern]:
        own = path("merge/", self.admin_site.admin_view(self.merge_page), name="projects_project_merge")
        return [own, *super().get_urls()]

    @admin.action(description="Merge two projects…", permissions=["change"])
    def merge_selected(self, request: HttpRequest, queryset: QuerySet[Project]) -> HttpResponse | None:
        """Lead to the page that shows both; nothing is merged yet."""
        ids = list(queryset.order_by("pk").values_list("pk", flat=True)[:3])
        if len(ids) != 2:
            messages.error(request, "Choose exactly two projects to merge.")
            return None
        return redirect(_merge_page(ids))

    @action(description="Likely duplicates", url_path="duplicates", permissions=["change"], icon="join_inner")
    def likely_duplicates(self, request: HttpRequest) -> HttpResponse:
        """List the pairs that ``find_duplicates`` lists, where they are found within seconds."""
        try:
            with limited_query():
                pairs = find_likely_pairs(settings.DEDUP_SIMILARITY_THRESHOLD, PAIRS)
        except OperationalError as error:
            if not isinstance(error.__cause__, QueryCanceled):
                raise
            return self._page(request, "duplicates", "Likely duplicates", {"took_too_long": True})
        rows = Project.objects.without_heavy_fields().in_bulk([pk for pair in pairs for pk in pair.ids])
        shown = [(pair, rows[pair.first_id], rows[pair.second_id]) for pair in pairs if rows.keys() >= set(pair.ids)]
        context = {"pairs": shown, "threshold": settings.DEDUP_SIMILARITY_THRESHOLD}
        return self._page(request, "duplicates", "Likely duplicates", context)

    def merge_page(self, request: HttpRequest) -> HttpResponse:
        """Show two projects side by side; merge them when the form comes back."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        given = request.POST if request.method == "POST" else request.GET
        ids = sorted({int(value) for value in given.getlist("ids") if value.isdecimal() and len(value) < 19})
        projects = list(
            Project.objects.filter(pk__in=ids)
            .defer("embedding", "search_vector")
            .prefetch_related("tags", "submissions__comment")
            .order_by("pk")
        )
        if len(projects) != 2:
            messages.error(request, "It takes two projects to merge; one may have been merged or removed meanwhile.")
            return redirect("admin:projects_project_changelist")
        if request.method == "POST":
            return self._merge(request, projects)
        return self._page(request, "merge", "Merge two projects", {"projects": projects})

    def _merge(self, request: HttpRequest, projects: list[Project]) -> HttpResponse:
        kept = next((row for row in projects if str(row.pk) == request.POST.get("kept")), None)
        if kept is None:
            messages.error(request, "Choose which of the two stays.")
            return self._page(request, "merge", "Merge two projects", {"projects": projects})
        [absorbed] = [row for row in projects if row is not kept]
        try:
            act = acts.merge_into(absorbed.pk, kept.pk, request.user, ReviewAction.Place.MERGING)
        except (MergeError, Project.DoesNotExist) as error:
            messages.error(request, str(error) if isinstance(error, MergeError) else "One of the two is gone by now.")
            return redirect("admin:projects_project_changelist")
        self.log_change(request, kept, f"Merged “{absorbed.title}” ({absorbed.pk}) into it.")
        tell_done(request, f"Merged “{absorbed.title}” into “{kept.title}”.", act, _merge_page([kept.pk, absorbed.pk]))
        return redirect("admin:projects_project_change", kept.pk)

    def _page(self, request: HttpRequest, name: str, title: str, context: dict[str, Any]) -> HttpResponse:
        page = page_context(self, request, title, merge_url=reverse("admin:projects_project_merge"), **context)
        return TemplateResponse(request, f"admin/projects/project/{name}.html", page)


def _merge_page(ids: list[int]) -> str:
    return f"{reverse('admin:projects_project_merge')}?{urlencode({'ids': ids}, doseq=True)}"
