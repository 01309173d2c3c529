"""The batches of tasks in the admin: how far they are, cancelling them, trying their failures again."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from kombu.exceptions import OperationalError
from unfold.decorators import display
from unfold.views import ChangeList

from core.admin.batch_bars import bar, moving
from core.admin.listing import ReadOnlyAdmin, filtered_list_link
from core.admin.sending import tell_started
from core.admin.steering import Steering
from core.admin.task_values import batch_tasks_link, task_link
from core.jobs import cancelling, following, sending
from core.jobs.batch_progress import BatchProgress
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
class BatchAdmin(Steering, ReadOnlyAdmin):
    """Groups of tasks that were sent together."""

    list_display = ("label", "task_name", "shown_progress", "origin", "created_at")
    list_filter = ("task_name", "created_at")
    search_fields = ("label", "=group_id")
    list_select_related = ("started_by",)
    list_per_page = 25
    actions = ("cancel_batches", "retry_failures")
    fields = (
        *("label", "task_name", "shown_progress", "pace", "retried", "under_way", "its_tasks", "failures"),
        *("origin", "created_at", "cancelled_at", "retry_of", "group_id"),
    )
    change_form_outer_before_template = "admin/core/batch/before.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return BatchList

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("<str:group_id>/progress.json", wrap(self.progress_view), name="core_batch_progress"),
            path("<str:group_id>/cancel/", wrap(require_POST(self.cancel_view)), name="core_batch_cancel"),
            path("<str:group_id>/retry/", wrap(require_POST(self.retry_view)), name="core_batch_retry"),
            *super().get_urls(),
        ]

    def progress_view(self, request: HttpRequest, group_id: str) -> HttpResponse:
        """Answer how far a batch is and what of it failed, as JSON, for bars and figures that move."""
        if not self.has_view_permission(request):
            raise Http404
        try:
            progress = following.progress_of(group_id)
        except following.TaskNotFound as error:
            raise Http404(str(error)) from error
        told = {"failures": _failures(progress), "under_way": _under_way(progress)}
        return JsonResponse(progress.as_dict() | told)

    # -- acts on the batch's own page ---------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        batch = self.get_object(request, object_id)
        context: dict[str, Any] = {}
        if batch is not None and self.has_steer_permission(request):
            progress = self._progress(batch)
            context = {"batch": batch, "waiting": progress.total - progress.done - progress.running}
            context["running"] = progress.running
            context["unsuccessful"] = progress.failed + progress.cancelled_tasks
        page: HttpResponse = super().change_view(request, object_id, form_url, context | (extra_context or {}))
        return page

    def cancel_view(self, request: HttpRequest, group_id: str) -> HttpResponse:
        return self._act(request, group_id, self._cancel)

    def retry_view(self, request: HttpRequest, group_id: str) -> HttpResponse:
        return self._act(request, group_id, self._retry)

    def _act(self, request: HttpRequest, group_id: str, act: Callable[[HttpRequest, Batch], Batch]) -> HttpResponse:
        self.require_steering(request)
        shown = act(request, get_object_or_404(Batch, pk=group_id))
        return redirect("admin:core_batch_change", shown.pk)

    def _cancel(self, request: HttpRequest, batch: Batch) -> Batch:
        if "running" in request.POST:
            return self._end(request, batch)
        kept = cancelling.cancel_batch(batch.group_id)
        what = "1 waiting task was" if kept == 1 else f"{kept:,} waiting tasks were"
        messages.success(request, f"{batch}: {what} cancelled. What is under way ends by itself.")
        return batch

    def _end(self, request: HttpRequest, batch: Batch) -> Batch:
        """Cancel what waits, and end what is under way."""
        try:
            count = cancelling.cancel_batch(batch.group_id, running=True)
        except OperationalError:
            messages.error(request, "The broker does not answer, so no worker could be told: nothing was cancelled.")
        else:
            what = "1 task was" if count == 1 else f"{count:,} tasks were"
            messages.success(request, f"{batch}: {what} cancelled, also those under way. What they had saved stays.")
        return batch

    def _retry(self, request: HttpRequest, batch: Batch) -> Batch:
        """Return the batch that runs them again, or this one where there is nothing to run."""
        try:
            again = sending.retry_failures(batch.group_id, started_by=request.user)
        except sending.NothingToRetry as error:
            messages.warning(request, str(error))
            return batch
        tell_started(request, again, str(again))
        return again

    @admin.action(description="Cancel what waits in the selected batches", permissions=["steer"])
    def cancel_batches(self, request: HttpRequest, chosen: QuerySet[Batch]) -> None:
        for batch in chosen:
            self._cancel(request, batch)

    @admin.action(description="Run what failed in the selected batches again", permissions=["steer"])
    def retry_failures(self, request: HttpRequest, chosen: QuerySet[Batch]) -> None:
        for batch in chosen:
            self._retry(request, batch)

    # -- what is shown ------------------------------------------------------------------------------------

    def _progress(self, batch: Batch) -> BatchProgress:
        # One query a page view, however many columns show it.
        kept = vars(batch)
        if KEPT_PROGRESS not in kept:
            kept[KEPT_PROGRESS] = following.progress_of_each([batch])[0]
        progress: BatchProgress = kept[KEPT_PROGRESS]
        return progress

    @display(description="progress")
    def shown_progress(self, batch: Batch) -> SafeString:
        return bar(self._progress(batch))

    @display(description="pace")
    def pace(self, batch: Batch) -> SafeString:
        return moving(self._progress(batch), "pace")

    @display(description="tries after the first")
    def retried(self, batch: Batch) -> SafeString:
        return moving(self._progress(batch), "retried")

    @display(description="under way")
    def under_way(self, batch: Batch) -> SafeString:
        """The tasks that workers are at, each with its step."""
        progress = self._progress(batch)
        return moving(progress, "under_way", _under_way(progress))

    @display(description="tasks")
    def its_tasks(self, batch: Batch) -> SafeString:
        """The ways to all of its tasks, and to those that failed."""
        every = "1 task" if batch.total == 1 else f"all {batch.total:,} tasks"
        failed = batch_tasks_link(batch.pk, "those that failed", status__exact="FAILURE")
        return format_html("{} · {}", batch_tasks_link(batch.pk, every), failed)

    @display(description="what failed")
    def failures(self, batch: Batch) -> SafeString:
        progress = self._progress(batch)
        return moving(progress, "failures", _failures(progress))

    @display(description="started by")
    def origin(self, batch: Batch) -> SafeString | str:
        """Who or what started it: a person, a schedule, another task, or a command."""
        parts: list[SafeString | str] = [batch.started_by.get_username()] if batch.started_by else []
        if batch.schedule:
            link = filtered_list_link("django_celery_beat_periodictask_changelist", batch.schedule, name=batch.schedule)
            parts.append(format_html("schedule {}", link))
        if batch.started_in and not parts:
            parts.append(format_html("task {}", task_link(batch.started_in)))
        return format_html("{}" + ", {}" * (len(parts) - 1), *parts) if parts else "a command, or Waywo itself"


def _under_way(progress: BatchProgress) -> str:
    """Return what the tasks of a batch that are under way are at, a line each."""
    lines = [task.label for task in following.running_tasks(progress.group_id)] if progress.running else []
    return "\n".join(lines) or "—"


def _failures(progress: BatchProgress) -> str:
    """Return the first failures of a batch, a line each."""
    unsuccessful = progress.failed + progress.cancelled_tasks
    if not unsuccessful:
        return "—"
    lines = following.failures(progress.group_id, SHOWN_FAILURES)
    more = [f"and {unsuccessful - SHOWN_FAILURES:,} more"] if unsuccessful > SHOWN_FAILURES else []
    return "\n".join([*lines, *more])
