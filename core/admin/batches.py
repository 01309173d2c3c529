"""The batches of tasks in the admin: how far they are, cancelling them, trying their failures again."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.views import ChangeList

from core.admin.listing import ReadOnlyAdmin
from core.admin.sending import tell_started
from core.jobs import cancelling, following, sending
from core.models import Batch

SHOWN_FAILURES = 50
KEPT_PROGRESS = "_progress"  # beside the fields of a row of the list


class BatchList(ChangeList):
    """Looks up how far the batches of one page are all at once."""

    result_list: list[Batch]

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        batches = list(self.result_list)
        for batch, progress in zip(batches, following.progress_of_each(batches), strict=True):
            vars(batch)[KEPT_PROGRESS] = progress
        self.result_list = batches


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    """Groups of tasks that were sent together."""

    list_display = ("label", "task_name", "shown_progress", "failed", "started_by", "created_at")
    list_filter = ("task_name", "created_at")
    search_fields = ("label", "=group_id")
    list_select_related = ("started_by",)
    list_per_page = 25
    actions = ("cancel_batches", "retry_failures")
    fields = (
        *("label", "task_name", "group_id", "started_by", "created_at", "cancelled_at", "retry_of"),
        *("shown_progress", "pace", "retried", "failed", "failures"),
    )

    def has_steer_permission(self, request: HttpRequest) -> bool:
        """Who may schedule work may cancel it and start it again."""
        return request.user.has_perm("django_celery_beat.add_periodictask")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return BatchList

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.progress_view)
        return [path("<str:group_id>/progress.json", view, name="core_batch_progress"), *super().get_urls()]

    def progress_view(self, request: HttpRequest, group_id: str) -> HttpResponse:
        """Answer how far a batch is, as JSON, for bars that move."""
        if not self.has_view_permission(request):
            raise Http404
        try:
            return JsonResponse(following.progress_of(group_id).as_dict())
        except following.TaskNotFound as error:
            raise Http404(str(error)) from error

    def _progress(self, batch: Batch) -> following.BatchProgress:
        # One query a page view, however many columns show it.
        kept = vars(batch)
        if KEPT_PROGRESS not in kept:
            kept[KEPT_PROGRESS] = following.progress_of_each([batch])[0]
        progress: following.BatchProgress = kept[KEPT_PROGRESS]
        return progress

    @display(description="progress")
    def shown_progress(self, batch: Batch) -> SafeString:
        progress = self._progress(batch)
        url = reverse("admin:core_batch_progress", args=[batch.group_id])
        return format_html(
            '<progress max="{}" value="{}" data-progress-url="{}">{} of {}</progress> {} of {}',
            *(progress.total or 1, progress.done, url, progress.done, progress.total, progress.done, progress.total),
        )

    @display(description="pace")
    def pace(self, batch: Batch) -> str:
        progress = self._progress(batch)
        left = "" if progress.seconds_left is None or progress.is_finished else f", {progress.seconds_left:.0f} s left"
        return f"{progress.per_minute:.0f} a minute{left}"

    @display(description="tries after the first")
    def retried(self, batch: Batch) -> int:
        return self._progress(batch).retried

    @display(description="failed")
    def failed(self, batch: Batch) -> int:
        return self._progress(batch).failed

    @display(description="what failed")
    def failures(self, batch: Batch) -> str:
        lines = following.failures(batch.group_id)
        more = [f"and {len(lines) - SHOWN_FAILURES} more"] if len(lines) > SHOWN_FAILURES else []
        return "\n".join([*lines[:SHOWN_FAILURES], *more]) or "—"

    @admin.action(description="Cancel what waits in the selected batches", permissions=["steer"])
    def cancel_batches(self, request: HttpRequest, chosen: QuerySet[Batch]) -> None:
        kept = sum(cancelling.cancel_batch(batch.group_id) for batch in chosen)
        messages.success(request, f"{kept} waiting tasks cancelled; those that run end.")

    @admin.action(description="Try the failures of the selected batches again", permissions=["steer"])
    def retry_failures(self, request: HttpRequest, chosen: QuerySet[Batch]) -> None:
        for batch in chosen:
            try:
                again = sending.retry_failures(batch.group_id, started_by=request.user)
            except sending.NothingToRetry as error:
                messages.warning(request, str(error))
            else:
                tell_started(request, again, str(again))
