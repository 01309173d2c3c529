"""The readings: what each step did, what was dropped and why, what it cost."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from core.admin.filters import ValuesFilter
from core.admin.listing import ReadOnlyAdmin
from projects.admin.trying import TryingPages
from projects.models import UNSURE_BELOW, Extraction

EXTRACTION_COLOURS = {
    Extraction.Status.RUNNING: "warning",
    Extraction.Status.SUCCEEDED: "success",
    Extraction.Status.PARTIAL: "warning",
    Extraction.Status.FAILED: "danger",
    Extraction.Status.SUPERSEDED: "info",
}


class UnsureReadingFilter(admin.SimpleListFilter):
    """One of its verdicts is unsure: that something is a project, or that it is none."""

    title, parameter_name = "unsure", "unsure"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("yes", "Yes")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Extraction]) -> QuerySet[Extraction]:
        return queryset.filter(confidence__lt=UNSURE_BELOW) if self.value() == "yes" else queryset


@admin.register(Extraction)
class ExtractionAdmin(TryingPages, ReadOnlyAdmin):
    """The readings: what each step did, what was dropped and why, what it cost."""

    list_before_template = "core/list_tools.html"

    list_display = ("read_comment", "analyst", "shown_status", "kept", "dropped", "seconds", "started_at", "error")
    list_filter = ("status", UnsureReadingFilter, ("analyst", ValuesFilter), ("prompt_version", ValuesFilter))
    search_fields = ("=comment__id", "comment__author", "error", "=task_id")
    date_hierarchy = "started_at"
    hidden_on_phones = ("dropped", "seconds")
    bare_on_phones = ("analyst", "started_at", "error")
    list_select_related = ("comment",)
    fields = (
        *("read_comment", "analyst", "prompt_version", "status", "started_at", "finished_at", "error"),
        *("shown_confidence", "shown_steps", "shown_segments", "llm_calls", "calls_cached", "asked_again"),
        *("shown_mended", "tokens_in", "tokens_out", "task_id"),
    )

    class Media:
        css = {"all": ("core/admin.css",)}

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        tools = (
            [(reverse("admin:projects_extraction_try"), "Try a reading", "science")] if self.may_try(request) else []
        )
        return super().changelist_view(request, {"list_tools": tools} | (extra_context or {}))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Extraction]:
        return super().get_queryset(request).defer("comment__text")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return lookup == "comment" or super().lookup_allowed(lookup, value, request)

    @display(description="comment", ordering="comment")
    def read_comment(self, extraction: Extraction) -> SafeString:
        url = reverse("admin:comments_comment_change", args=[extraction.comment_id])
        return format_html('<a href="{}">{}</a>', url, extraction.comment)

    @display(description="status", ordering="status", label=EXTRACTION_COLOURS)
    def shown_status(self, extraction: Extraction) -> tuple[str, str]:
        return extraction.status, extraction.get_status_display()

    @display(description="kept")
    def kept(self, extraction: Extraction) -> int:
        return sum(not segment.get("rejection") for segment in extraction.segments)

    @display(description="dropped")
    def dropped(self, extraction: Extraction) -> int:
        return sum(bool(segment.get("rejection")) for segment in extraction.segments)

    @display(description="seconds")
    def seconds(self, extraction: Extraction) -> str:
        if extraction.finished_at is None:
            return "—"
        return f"{(extraction.finished_at - extraction.started_at).total_seconds():.2f}"

    @display(description="confidence")
    def shown_confidence(self, extraction: Extraction) -> str | None:
        """How sure its least sure verdict is, from 0 to 1."""
        return None if extraction.confidence is None else f"{extraction.confidence:.2f}"

    @display(description="steps")
    def shown_steps(self, extraction: Extraction) -> SafeString:
        rows = [(step["step"], f"{step['seconds']:.3f} s", step["outcome"]) for step in extraction.steps]
        return format_html_join("", "<p><b>{}</b> {} {}</p>", rows)

    @display(description="segments")
    def shown_segments(self, extraction: Extraction) -> SafeString:
        rows = [
            (segment.get("rejection") or "project", _told(segment), segment["text"]) for segment in extraction.segments
        ]
        return format_html_join("", '<p><b>{}</b> {}</p><p class="desk-lines">{}</p>', rows)

    @display(description="mended")
    def shown_mended(self, extraction: Extraction) -> str:
        return ", ".join(f"{kind} {times}" for kind, times in sorted(extraction.mended.items())) or "—"


def _told(segment: dict[str, Any]) -> str:
    """Return what an analyst said of a segment beside its verdict. Readings of before know less of it."""
    confidence = segment.get("confidence")
    sureness = "" if confidence is None or confidence >= UNSURE_BELOW else f"unsure ({confidence:.2f})"
    return " · ".join(filter(None, (segment.get("name"), segment.get("reason"), sureness)))
