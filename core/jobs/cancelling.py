"""Keeps what waits from being run, and ends what runs.

The rows decide, whatever the broker holds: a worker that meets the message of a cancelled task drops it. What runs is
ended by SIGTERM to its process, which the worker replaces at once; what that had begun is taken back here, in one
transaction with the note, by whoever hears ``task_cancelled``: the process may not come to it.
"""

from celery import current_app
from celery.states import PENDING, RETRY, REVOKED
from django.db import transaction
from django.utils import timezone
from django_celery_results.models import TaskResult

from core.jobs.following import TaskState, arguments_of, batch_of, task_state
from core.jobs.sending import LOT, lots
from core.jobs.signals import calls_cancelled, task_cancelled
from core.jobs.steps import UNDER_WAY
from core.models import Batch, BatchTask, Cancellation

WAITING = (PENDING, RETRY)


def cancel_batch(group_id: str, *, running: bool = False) -> int:
    """Keep the waiting tasks of a batch from being run; return how many tasks were cancelled.

    The running ones end by themselves, or with ``running`` at once. Raises TaskNotFound, and kombu's OperationalError
    where the broker, by which workers are told to end something, is away.
    """
    batch, now = batch_of(group_id), timezone.now()
    with transaction.atomic():
        if running:
            # All of them at once: one that goes from waiting to running, or back, is not to slip through.
            list(batch.tasks.open().select_for_update().order_by("pk").values_list("pk"))
        cancelled = batch.tasks.filter(status__in=WAITING).update(status=REVOKED, finished_at=now)
        Batch.objects.filter(pk=batch.pk, cancelled_at=None).update(cancelled_at=now)
        if running:
            task_ids = list(batch.tasks.filter(status__in=UNDER_WAY).values_list("pk", flat=True))
            batch.tasks.filter(pk__in=task_ids).update(status=REVOKED, finished_at=now)
            cancelled += len(task_ids)
            for task_id in task_ids:
                task_cancelled.send(Batch, task_id=task_id, task_name=batch.task_name)
        if cancelled:
            arguments = batch.tasks.filter(status=REVOKED).values_list("kwargs", flat=True)
            for lot in lots(arguments.iterator(LOT)):
                calls_cancelled.send(Batch, task_name=batch.task_name, arguments=lot)
        if running:
            # Last, so that nothing is noted when no worker can be told.
            _end(task_ids)
    return cancelled


def cancel(task_id: str, *, running: bool = False) -> TaskState:
    """Cancel a task that waits, with ``running`` also one that is under way, and return its state.

    Live workers are told at once; the note in the database holds for a worker that starts later. What a task that is
    under way had begun is taken back; what it had saved stays.

    Raises TaskNotFound, NotCancellable for a task that has ended, StillRunning for one that is under way and may not be
    ended, and kombu's OperationalError where the broker is away.
    """
    state = task_state(task_id)
    if state.status == REVOKED:
        return state
    _refuse(state, running)
    with transaction.atomic():
        if not _note(state):
            raise NotCancellable(f"Task {task_id} came to its end, or to its start, at this moment: look again.")
        task_cancelled.send(TaskState, task_id=task_id, task_name=state.name)
        if arguments := arguments_of(task_id):
            calls_cancelled.send(TaskState, task_name=state.name, arguments=[arguments])
        # Last, as above.
        if state.is_under_way:
            _end([task_id])
        else:
            current_app.control.revoke(task_id)
    return task_state(task_id)


def is_cancelled(task_id: str) -> bool:
    """Return whether ``cancel`` was called for the task."""
    return Cancellation.objects.filter(task_id=task_id).exists()


class NotCancellable(Exception):
    """The task has ended."""


class StillRunning(NotCancellable):
    """The task is under way, and nobody said that it may be ended."""


def _refuse(state: TaskState, running: bool) -> None:
    if state.is_finished:
        raise NotCancellable(f"Task {state.task_id} has ended ({state.status}): there is nothing to cancel.")
    if state.is_under_way and not running:
        raise StillRunning(
            f"Task {state.task_id} is under way ({state.status}): it ends by itself, or is ended if you say so."
        )


def _note(state: TaskState) -> bool:
    """Note that a task is cancelled, if it is still as it was seen (a task that runs may be at another step)."""
    now, seen = timezone.now(), UNDER_WAY if state.is_under_way else (state.status,)
    if BatchTask.objects.filter(task_id=state.task_id, status__in=seen).update(status=REVOKED, finished_at=now):
        return True
    Cancellation.objects.get_or_create(task_id=state.task_id)
    results = TaskResult.objects.filter(task_id=state.task_id, status__in=seen)
    return bool(results.update(status=REVOKED, result=None, date_done=now))


def _end(task_ids: list[str]) -> None:
    """Tell all workers to end the processes that are at these tasks."""
    if task_ids:
        current_app.control.revoke(task_ids, terminate=True, signal="SIGTERM")
