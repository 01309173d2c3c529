"""A thread on its way from an address to reviewed material: collected, read, counted, as one task."""

from datetime import datetime
from typing import Any, Self

from celery.states import READY_STATES
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django_celery_results.models import TaskResult

from comments.models import Post
from core.models import Batch


class ThreadRunQuerySet(models.QuerySet["ThreadRun"]):
    """Rules about runs, each named once."""

    def open(self) -> Self:
        """Runs that have not ended."""
        return self.filter(status=ThreadRun.Status.RUNNING)

    def overdue(self, since: datetime) -> Self:
        """Open runs that nobody looked at although it was time before ``since``: the message was lost."""
        return self.open().filter(look_at__lt=since)

    def abandoned(self) -> Self:
        """Open runs whose task has ended, as by an error: nobody will look at them any more."""
        return self.open().filter(
            Exists(TaskResult.objects.filter(task_id=OuterRef("task_id"), status__in=READY_STATES))
        )


class ThreadRun(models.Model):
    """One run of ``process_waywo_thread``. Each phase is a batch, made together with the note of it here."""

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        SUCCESS = "success", "Success"
        PARTIAL = "partial", "Partial"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    task_id = models.CharField("task ID", max_length=64, unique=True)
    thread = models.CharField(max_length=100, help_text="Its source, and its id there.")
    post = models.ForeignKey(Post, on_delete=models.CASCADE, null=True, blank=True, related_name="runs")
    asked = models.JSONField(default=dict, help_text="The arguments of the task.")
    status = models.CharField(max_length=16, choices=Status, default=Status.RUNNING)
    collection = models.ForeignKey(Batch, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    reading = models.ForeignKey(Batch, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    figures = models.ForeignKey(Batch, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    look_at = models.DateTimeField(help_text="When its task is to look at it next.")
    result = models.JSONField(null=True, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ThreadRunQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(fields=("thread",), condition=Q(status="running"), name="thread_run_one_at_a_time"),
        )

    def __str__(self) -> str:
        return str(self.post or self.thread)

    @property
    def is_finished(self) -> bool:
        """True when it ended, well or not."""
        return self.status != self.Status.RUNNING

    @property
    def batches(self) -> list[Batch]:
        """The batches of the phases begun so far, in order."""
        return [batch for batch in (self.collection, self.reading, self.figures) if batch is not None]

    def finish(self, status: str, *, result: dict[str, Any] | None = None, error: str = "") -> None:
        """Set how it ended, and save it."""
        self.status, self.result, self.error, self.finished_at = status, result, error[:2000], timezone.now()
        self.save(update_fields=["status", "result", "error", "finished_at"])
