"""Pages of what operations keeps: to look at, not to edit."""

from datetime import timedelta

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from core.admin.listing import ReadOnlyAdmin
from core.estimating import EstimatingPaginator
from waywo_site.models import Alert, HealthResult, QueueSample
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
        return format_html(
            '<div class="waywo-cell">{}<div class="waywo-quiet">{}</div></div>', row.reason or "—", remedy
        )


@admin.register(HealthResult)
class HealthResultAdmin(StateAdmin):
    list_display = ("name", "shown_state", "shown_reason", "shown_seconds", "checked_at")
    list_filter = ("state", "name")
    search_fields = ("reason",)
    date_hierarchy = "checked_at"
    paginator = EstimatingPaginator
    show_full_result_count = False

    @display(description="seconds", ordering="seconds")
    def shown_seconds(self, row: HealthResult) -> str:
        return f"{row.seconds:.2f}"


@admin.register(Alert)
class AlertAdmin(StateAdmin):
    list_display = ("subject", "shown_state", "shown_reason", "since", "told_at", "due_by", "error")
    list_filter = ("state", ("due_by", admin.EmptyFieldListFilter))
    search_fields = ("subject", "reason")


@admin.register(QueueSample)
class QueueSampleAdmin(ReadOnlyAdmin):
    list_display = ("queue", "waiting", "oldest", "shown_worker", "shown_paused", "measured_at")
    list_filter = ("queue", "has_worker", "is_paused")
    date_hierarchy = "measured_at"
    paginator = EstimatingPaginator
    show_full_result_count = False

    @display(description="oldest message", ordering="oldest_seconds", empty_value="—")
    def oldest(self, row: QueueSample) -> str | None:
        return None if row.oldest_seconds is None else str(timedelta(seconds=round(row.oldest_seconds)))

    @display(description="worker", ordering="has_worker", label={True: "success", False: "danger"})
    def shown_worker(self, row: QueueSample) -> tuple[bool, str]:
        return row.has_worker, "served" if row.has_worker else "nobody"

    @display(description="paused", ordering="is_paused", label={True: "warning"}, empty_value="—")
    def shown_paused(self, row: QueueSample) -> tuple[bool, str] | None:
        return (True, "paused") if row.is_paused else None
