"""Batches of tasks, and what must be remembered about a task whatever happens to its worker or broker.

The tables keep the names that they had in the app ``comments``.
"""

from typing import Self

from celery.states import FAILURE, PENDING, READY_STATES, RETRY, REVOKED, STARTED, SUCCESS
from django.conf import settings
from django.db import models

from core.text import counted

# What its worker died of so often is given up: it would kill the next one too.
MAX_DEATHS = 3
OPEN_STATES = (PENDING, STARTED, RETRY, "PROGRESS")


class Batch(models.Model):
    """A group of tasks that were sent together. Its tasks' states stand in ``BatchTask``."""

    group_id = models.CharField("group ID", max_length=64, primary_key=True)
    task_name = models.CharField(max_length=200)
    label = models.CharField(max_length=200, blank=True, help_text="What it is for, in a few words.")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    schedule = models.CharField(max_length=200, blank=True, help_text="The schedule whose run started it, if one did.")
    started_in = models.CharField(
        max_length=64, blank=True, db_index=True, help_text="The task whose work it is, if one started it."
    )
    retry_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="retries")
    total = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    # Of a batch just started: whether the broker took no message of it, or not all.
    waits_for_broker = False

    class Meta:
        db_table = "comments_batch"
        verbose_name_plural = "batches"
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("-created_at",), name="batch_created_at"),)

    def __str__(self) -> str:
        return self.label or f"{self.task_name}, {counted(self.total, 'task')}"

    @property
    def task_ids(self) -> list[str]:
        """The ids of its tasks, in the order in which they were sent."""
        return list(self.tasks.order_by("position").values_list("task_id", flat=True))


class BatchTaskQuerySet(models.QuerySet["BatchTask"]):
    def open(self) -> Self:
        """Tasks that have not ended."""
        return self.filter(status__in=OPEN_STATES)

    def ended(self) -> Self:
        """Tasks that ended, well or not."""
        return self.filter(status__in=READY_STATES)

    def unsuccessful(self) -> Self:
        """Tasks that ended and did not do their work."""
        return self.filter(status__in=(FAILURE, REVOKED))


class BatchTask(models.Model):
    """One task of a batch: its arguments, and how far it has come. The worker writes it twice: start and end.

    django-celery-results needs a transaction with a lock for each of its writes, which costs several times as much
    (tests/benchmarks/queue.py): its rows are for what people and schedules start.
    """

    task_id = models.CharField("task ID", max_length=64, primary_key=True)
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="tasks")
    position = models.PositiveIntegerField()
    kwargs = models.JSONField(default=dict)
    status = models.CharField(max_length=16, default=PENDING)
    retries = models.PositiveSmallIntegerField(default=0)
    result = models.JSONField(null=True, blank=True)
    worker = models.CharField(max_length=120, blank=True, help_text="The process that started it.")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = BatchTaskQuerySet.as_manager()

    class Meta:
        db_table = "comments_batchtask"
        ordering = ("batch", "position")
        indexes = (
            models.Index(fields=("batch", "status"), name="batchtask_batch_status"),
            models.Index(
                fields=("status",), condition=~models.Q(status__in=(SUCCESS, FAILURE, REVOKED)), name="batchtask_open"
            ),
            # For what ended lately.
            models.Index(
                fields=("finished_at",), condition=models.Q(finished_at__isnull=False), name="batchtask_finished"
            ),
        )

    def __str__(self) -> str:
        return self.task_id


class Cancellation(models.Model):
    """A task that must not run any more, whichever worker meets its message."""

    task_id = models.CharField("task ID", max_length=255, primary_key=True)
    requested_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "comments_cancellation"

    def __str__(self) -> str:
        return self.task_id


class Redelivery(models.Model):
    """How often a task was started again because its worker was lost: three times, and it is given up."""

    task_id = models.CharField("task ID", max_length=255, primary_key=True)
    times = models.PositiveSmallIntegerField(default=1)
    last_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "comments_redelivery"
        verbose_name_plural = "redeliveries"

    def __str__(self) -> str:
        return f"{self.task_id}: {self.times}"


class SavedView(models.Model):
    """What one person looks for in one list of the admin: its search, filters and order, by a name of their own."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    model = models.CharField(max_length=200, help_text="Whose list: app_label.model.")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000, help_text="What stands behind the address of the list.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)
        default_permissions = ()  # Everybody has views of their own, and sees no one else's.
        constraints = (
            models.UniqueConstraint(fields=("user", "model", "name"), name="saved_view_once_per_list_and_name"),
        )

    def __str__(self) -> str:
        return self.name


class IndexChange(models.Model):
    """Changes of the index, as triggers count them; all rows together are its version (core/index_version.py).

    Each changing statement adds a row, so that nobody waits for another's lock; now and then a trigger makes the rows
    that there are one.
    """

    id = models.BigAutoField("ID", primary_key=True)
    changes = models.BigIntegerField()
    changed_at = models.DateTimeField()

    class Meta:
        default_permissions = ()  # The database alone writes it.

    def __str__(self) -> str:
        return f"{self.changes} until {self.changed_at}"


class Repetition(models.Model):
    """A task that failed or was cancelled, and the id under which it runs again."""

    task_id = models.CharField("task ID", max_length=255, primary_key=True)
    as_task_id = models.CharField("runs again as", max_length=255)
    requested_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()  # What it tells stands with the task.

    def __str__(self) -> str:
        return f"{self.task_id}: {self.as_task_id}"
