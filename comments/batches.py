"""Starts tasks and groups of tasks and follows them, on the results that django-celery-results keeps.

Every task that is sent from here leaves a row at once, so that an id which nobody sent can be told from one that
waits. The worker's later writes update that row.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from celery import current_app
from celery.result import AsyncResult, GroupResult
from celery.states import FAILURE, PENDING, READY_STATES, RETRY, REVOKED, SUCCESS
from celery.utils import uuid
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django_celery_results.models import GroupResult as GroupRow
from django_celery_results.models import TaskResult

from comments.models import Cancellation

# Rows of sent tasks are written in lots of this size: an insert of 10,000 would hold all of them in one statement.
LOT = 1000
# What these raise is written for people; the text of any other exception may hold what is nobody's business.
OUR_MODULES = ("comments.", "projects.", "ideas.", "waywo_site.")
REFUSALS = ("ValueError",)


class TaskNotFound(LookupError):
    """No task or batch of this id was ever sent."""


class NotCancellable(Exception):
    """The task is under way or has ended."""


@dataclass(frozen=True)
class Batch:
    """A group of tasks that were sent together."""

    group_id: str
    task_ids: list[str]


@dataclass(frozen=True)
class BatchProgress:
    """How far a batch has come; ``done`` counts what ended, well or not."""

    total: int
    done: int
    failed: int

    @property
    def is_finished(self) -> bool:
        """True when every task ended."""
        return self.done >= self.total


@dataclass(frozen=True)
class TaskState:
    """One task as its follower sees it. ``progress`` has step, done and total; ``error`` is one line."""

    task_id: str
    name: str | None
    status: str
    progress: dict[str, Any] | None
    result: Any
    error: str | None
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_finished(self) -> bool:
        """True when it ended, well or not."""
        return self.status in READY_STATES

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form, times in ISO 8601."""
        row = asdict(self)
        for name in ("started_at", "finished_at"):
            row[name] = row[name].isoformat() if row[name] else None
        return row


def send(task_name: str, kwargs: dict[str, Any], *, queue: str | None = None) -> str:
    """Send one task once the current transaction has committed, and return its id.

    ``queue`` overrides the task's own queue: ``priority`` for what a person waits for.
    """
    task_id = uuid()
    task = current_app.tasks[task_name]
    options = {"queue": queue} if queue else {}

    def dispatch() -> None:
        _remember(task_name, [(task_id, kwargs)])
        try:
            task.apply_async(kwargs=kwargs, task_id=task_id, **options)
        except Exception:
            # A broker that took nothing must not leave a task that waits for ever.
            TaskResult.objects.filter(task_id=task_id, status=PENDING).delete()
            raise

    transaction.on_commit(dispatch)
    return task_id


def start_batch(task_name: str, calls: Iterable[dict[str, Any]]) -> Batch:
    """Send one task for each entry of ``calls`` (its keyword arguments), once the transaction has committed."""
    task = current_app.tasks[task_name]
    signatures = [(uuid(), kwargs) for kwargs in calls]
    batch = Batch(uuid(), [task_id for task_id, _ in signatures])

    def dispatch() -> None:
        _remember(task_name, signatures)
        GroupResult(batch.group_id, [AsyncResult(task_id) for task_id in batch.task_ids]).save()
        unsent = set(batch.task_ids)
        try:
            with current_app.producer_or_acquire() as producer:
                for task_id, kwargs in signatures:
                    task.apply_async(kwargs=kwargs, task_id=task_id, group_id=batch.group_id, producer=producer)
                    unsent.discard(task_id)
        finally:
            if unsent:
                TaskResult.objects.filter(task_id__in=unsent, status=PENDING).update(status=REVOKED)

    transaction.on_commit(dispatch)
    return batch


def _remember(task_name: str, signatures: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Write a row for each task that is about to be sent, in the form in which the worker will write it."""
    TaskResult.objects.bulk_create(
        (
            TaskResult(
                task_id=task_id,
                task_name=task_name,
                task_kwargs=json.dumps(repr(kwargs)),
                status=PENDING,
                content_type="application/json",
                content_encoding="utf-8",
            )
            for task_id, kwargs in signatures
        ),
        batch_size=LOT,
    )


def batch_progress(task_ids: list[str]) -> BatchProgress:
    """Return how many of the tasks ended, and how many of those failed."""
    counts = dict(
        TaskResult.objects.filter(task_id__in=task_ids, status__in=READY_STATES)
        .values_list("status")
        .annotate(Count("pk"))
    )
    return BatchProgress(len(task_ids), sum(counts.values()), counts.get(FAILURE, 0) + counts.get(REVOKED, 0))


def tasks_of_batch(group_id: str) -> list[str]:
    """Return the ids of a batch's tasks. Raises TaskNotFound."""
    stored = GroupRow.objects.filter(group_id=group_id).values_list("result", flat=True).first()
    if stored is None:
        raise TaskNotFound(f"There is no batch {group_id}.")
    # As Celery writes a group: [[its id, its parent], [[[task id, parent], children], …]].
    return [task[0][0] for task in json.loads(stored)[1]]


def failures(task_ids: list[str]) -> list[str]:
    """Return a line for each of the tasks that did not succeed."""
    ended = TaskResult.objects.filter(task_id__in=task_ids, status__in=READY_STATES).exclude(status=SUCCESS)
    return [f"{task.task_kwargs}: {task.result}" for task in ended]


def task_state(task_id: str) -> TaskState:
    """Return how far a task has come. Raises TaskNotFound for an id that was never sent."""
    row = (
        TaskResult.objects.filter(task_id=task_id)
        .only("task_id", "task_name", "status", "result", "date_started", "date_done")
        .first()
    )
    if row is None:
        raise TaskNotFound(f"There is no task {task_id}: no task with this id was sent, or its result has expired.")
    content = json.loads(row.result) if row.result else None
    progress = None
    if row.status == "PROGRESS" and isinstance(content, dict):
        progress = {name: content.get(name) for name in ("step", "done", "total")}
    return TaskState(
        task_id=row.task_id,
        name=row.task_name,
        status=row.status,
        progress=progress,
        result=content if row.status == SUCCESS else None,
        error=_error_of(row.status, content),
        started_at=row.date_started,
        finished_at=row.date_done if row.status in READY_STATES else None,
    )


def _error_of(status: str, content: Any) -> str | None:
    """Return what went wrong in one line: our own errors in full, of all others only the kind."""
    if status == REVOKED:
        return "It was cancelled."
    if status not in (FAILURE, RETRY) or not isinstance(content, dict):
        return None
    kind, module = str(content.get("exc_type")), str(content.get("exc_module"))
    if not module.startswith(OUR_MODULES) and kind not in REFUSALS:
        return f"{kind}: see the task's result in the admin."
    message = content.get("exc_message")
    parts = message if isinstance(message, (list, tuple)) else [message]
    return " ".join(" ".join(map(str, parts)).split())[:500]


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
