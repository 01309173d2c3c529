"""The tasks of batches: which comment or thread each worked on, and what it came to."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from core.admin.filters import StateFilter
from core.admin.listing import ReadOnlyAdmin
from core.admin.task_acts import TaskActs
from core.admin.task_values import TASK_COLOURS, as_table, error_in, in_flower, in_words, outcome_of, subject_of, took
from core.models import BatchTask


@admin.register(BatchTask)
class BatchTaskAdmin(TaskActs, ReadOnlyAdmin):
    """One row for each task of a batch. They stand behind the batches, not in the menu."""

    list_display = ("subject", "shown_status", "came_to", "retries", "seconds", "finished_at")
    list_display_links = None
    list_filter = (StateFilter, "batch__task_name")
    search_fields = ("=task_id",)
    search_help_text = "Task id"
    list_select_related = ("batch",)
    fields = (
        *("subject", "shown_batch", "state", "at_step", "shown_arguments", "shown_result", "retries"),
        *("started_at", "finished_at", "seconds", "worker", "task_id", "in_flower"),
    )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may see batches sees their tasks."""
        return request.user.has_perm("core.view_batch")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return lookup == "batch__group_id__exact" or super().lookup_allowed(lookup, value, request)

    @display(description="works on")
    def subject(self, task: BatchTask) -> SafeString | str:
        return subject_of(task.kwargs)

    @display(description="status", ordering="status", label=TASK_COLOURS)
    def shown_status(self, task: BatchTask) -> tuple[str, str]:
        return task.status, outcome_of(task.status)

    @display(description="status")
    def state(self, task: BatchTask) -> str:
        return outcome_of(task.status)

    @display(description="came to")
    def came_to(self, task: BatchTask) -> SafeString:
        """What it came to, and the way to all of it."""
        content = task.result
        words = error_in(content) or (in_words(content) if isinstance(content, dict) else "")
        url = reverse("admin:core_batchtask_change", args=[task.pk])
        return format_html(
            '<div class="waywo-cell">{} <a class="desk-link" href="{}">{}</a></div>', words[:300], url, "Details"
        )

    @display(description="batch")
    def shown_batch(self, task: BatchTask) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("admin:core_batch_change", args=[task.batch_id]), task.batch)

    @display(description="at")
    def at_step(self, task: BatchTask) -> SafeString:
        return self.shown_step(task.pk)

    @display(description="arguments")
    def shown_arguments(self, task: BatchTask) -> SafeString | str:
        return as_table(task.kwargs)

    @display(description="result")
    def shown_result(self, task: BatchTask) -> SafeString | str:
        return error_in(task.result) or as_table(task.result)

    @display(description="took")
    def seconds(self, task: BatchTask) -> str:
        return took(task.status, task.started_at, task.finished_at) or "—"

    @display(description="in Flower")
    def in_flower(self, task: BatchTask) -> SafeString:
        return in_flower(task.pk)
