"""Keeps what waits from being run."""

from celery import current_app
from celery.states import PENDING, RETRY, REVOKED
from django.db import transaction
from django.utils import timezone
from django_celery_results.models import TaskResult

from core.jobs.following import TaskState, batch_of, task_state
from core.models import Batch, BatchTask, Cancellation


def cancel_batch(group_id: str) -> int:
    """Keep the waiting tasks of a batch from being run, let the running ones end, and return how many were kept.

    The rows decide, whatever the broker holds: a worker that meets the message of a cancelled task drops it. Raises
    TaskNotFound.
    """
    batch, now = batch_of(group_id), timezone.now()
    with transaction.atomic():
        kept = batch.tasks.filter(status__in=(PENDING, RETRY)).update(status=REVOKED, finished_at=now)
        Batch.objects.filter(pk=batch.pk, cancelled_at=None).update(cancelled_at=now)
    return kept


def cancel(task_id: str) -> TaskState:
    """Keep a task that waits from being run, and return its state.

    Live workers are told at once; the note in the database holds for a worker that starts later. Work under way
    is not stopped half-way.

    Raises TaskNotFound, and NotCancellable for a task that is under way or has ended.
    """
    state = task_state(task_id)
    if state.status == REVOKED:
        return state
    if state.status not in (PENDING, RETRY):
        what = "has ended" if state.is_finished else "is under way, and ends by itself"
        raise NotCancellable(f"Task {task_id} {what} ({state.status}): only a task that waits can be cancelled.")
    if BatchTask.objects.filter(task_id=task_id, status=state.status).update(
        status=REVOKED, finished_at=timezone.now()
    ):
        return task_state(task_id)
    Cancellation.objects.get_or_create(task_id=task_id)
    current_app.control.revoke(task_id, terminate=False)
    won = TaskResult.objects.filter(task_id=task_id, status=state.status).update(
        status=REVOKED, date_done=timezone.now()
    )
    if not won:
        raise NotCancellable(f"Task {task_id} was started at this moment; it may still run.")
    return task_state(task_id)


def is_cancelled(task_id: str) -> bool:
    """Return whether ``cancel`` was called for the task."""
    return Cancellation.objects.filter(task_id=task_id).exists()


class NotCancellable(Exception):
    """The task is under way or has ended."""
