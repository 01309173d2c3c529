"""Pages of what operations keeps: to look at, not to edit."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from core.admin.filters import ValuesFilter
from core.admin.listing import ReadOnlyAdmin
from core.times import written
from waywo_site.models import Alert, HealthResult, QueueSample
from waywo_site.operations.health.alerts import recipients
from waywo_site.operations.health.findings import DEGRADED, FAILED, OK

STATE_COLOURS = {OK: "success", DEGRADED: "warning", FAILED: "danger"}


class StateAdmin(ReadOnlyAdmin):
    @display(description="state", ordering="state", label=STATE_COLOURS)
    def shown_state(self, row: HealthResult | Alert) -> tuple[str, str]:
        return row.state, row.get_state_display()

    @display(description="reason")
    def shown_reason(self, row: HealthResult | Alert) -> SafeString:
        """The reason, and below it what to do: of any length, also on a phone."""
        remedy = f"→ {row.remedy}" if row.remedy and row.state != OK else ""
        return format_html('<div class="waywo-cell">{}<div class="waywo-quiet">{}</div></div>', row.reason, remedy)


@admin.register(HealthResult)
class HealthResultAdmin(StateAdmin):
    list_display = ("name", "shown_state", "shown_reason", "shown_seconds", "checked_at")
    fields = ("name", "shown_state", "reason", "remedy", "shown_seconds", "checked_at")
    bare_on_phones = ("shown_reason",)
    empty_text = "Health is checked every few minutes, by schedule."
    list_filter = ("state", ("name", ValuesFilter))
    search_fields = ("reason",)
    date_hierarchy = "checked_at"

    @display(description="seconds", ordering="seconds")
    def shown_seconds(self, row: HealthResult) -> str:
        return f"{row.seconds:.2f}"


@admin.register(Alert)
class AlertAdmin(StateAdmin):
    list_display = ("subject", "shown_state", "shown_reason", "since", "told", "error")
    list_filter = ("state", ("due_by", admin.EmptyFieldListFilter))
    search_fields = ("subject", "reason")
    fields = ("subject", "shown_state", "reason", "remedy", "since", "told", "notices_sent", "due_by", "error")
    bare_on_phones = ("shown_reason", "error")
    list_before_template = change_form_outer_before_template = "waywo_site/operations/recipients.html"
    empty_text = "What goes wrong stands here: a part that fails, a queue that nobody serves."

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"recipients": recipients()} | (extra_context or {}))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().change_view(request, object_id, form_url, {"recipients": recipients()} | (extra_context or {}))

    @display(description="told", ordering="told_at")
    def told(self, row: Alert) -> str:
        """When and whom; why nobody, where nobody was."""
        sent = [notice for notice in row.notices if not notice["error"]]
        if row.told_at is None:
            return "not yet" if recipients() else "nobody: no recipient is set"
        to = {notice["to"]: None for notice in sent if notice["at"] == sent[0]["at"]}
        return written(row.told_at) + (f" to {', '.join(to)}" if to else "")

    @display(description="who was told")
    def notices_sent(self, row: Alert) -> SafeString | str:
        lines = (
            (
                written(datetime.fromisoformat(notice["at"])),
                f"{notice['kind']}: {notice['state']}",
                notice["way"],
                notice["to"],
                f"failed: {notice['error']}" if notice["error"] else "sent",
            )
            for notice in row.notices
        )
        body = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>", lines)
        return (
            format_html('<div class="desk-scroll"><table class="desk-table">{}</table></div>', body)
            if body
            else "Nobody yet."
        )


@admin.register(QueueSample)
class QueueSampleAdmin(ReadOnlyAdmin):
    list_display = ("queue", "waiting", "oldest", "shown_worker", "shown_paused", "measured_at")
    fields = list_display
    empty_text = "Queues are measured every minute, by schedule."
    list_filter = (("queue", ValuesFilter), "has_worker", "is_paused")
    date_hierarchy = "measured_at"

    @display(description="oldest message", ordering="oldest_seconds")
    def oldest(self, row: QueueSample) -> str | None:
        return None if row.oldest_seconds is None else str(timedelta(seconds=round(row.oldest_seconds)))

    @display(description="worker", ordering="has_worker", label={True: "success", False: "danger"})
    def shown_worker(self, row: QueueSample) -> tuple[bool, str]:
        return row.has_worker, "served" if row.has_worker else "nobody"

    @display(description="paused", ordering="is_paused", label={True: "warning"})
    def shown_paused(self, row: QueueSample) -> tuple[bool, str] | None:
        return (True, "paused") if row.is_paused else None
