"""Starts tasks and batches of tasks, follows them and cancels them.

Every task that is sent from here leaves a row at once, so that an id which nobody sent can be told from one that
waits: a single task in django-celery-results, a task of a batch in ``BatchTask``. The worker's later writes update
that row (comments/results.py).
"""

import ast
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from celery import current_app
from celery.states import FAILURE, PENDING, READY_STATES, RETRY, REVOKED, STARTED, SUCCESS
from celery.utils import uuid
from django.db import transaction
from django.db.models import Count, Max, Q, Sum
from django.utils import timezone
from django_celery_results.models import TaskResult
from kombu.exceptions import OperationalError

from comments.liveness import identity, is_at_work
from comments.models import Batch, BatchTask, Cancellation

logger = logging.getLogger(__name__)
# Rows are written, and messages sent, in lots of this size: the dispatcher holds one lot, whatever the batch's size.
LOT = 500
# The pace is that of the last minutes: what a slow start was says nothing about the end.
PACE_OVER = timedelta(minutes=5)
NO_TASKS = {"ended": 0, "failed": 0, "retried": 0, "lately": 0, "worked": 0, "last": None}
# What these raise is written for people; the text of any other exception may hold what is nobody's business.
OUR_MODULES = ("comments.", "projects.", "ideas.", "waywo_site.")
REFUSALS = ("ValueError",)


class TaskNotFound(LookupError):
    """No task or batch of this id was ever sent."""


class NotCancellable(Exception):
    """The task is under way or has ended."""


class UnderWay(Exception):
    """Another process is at the task at this moment."""


class NothingToRetry(Exception):
    """The batch has no task that ended without success."""


@dataclass(frozen=True)
class BatchProgress:
    """How far a batch has come. ``done`` counts what ended, well or not; ``retried`` the tries after a first one.

    ``per_minute`` is the pace of the last five minutes (of the whole run once it ended), ``seconds_left`` what is left
    at that pace, None while there is none.
    """

    group_id: str
    label: str
    total: int
    done: int
    failed: int
    retried: int
    per_minute: float
    seconds_left: float | None
    is_cancelled: bool
    created_at: datetime

    @property
    def is_finished(self) -> bool:
        """True when every task ended."""
        return self.done >= self.total

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form, the time in ISO 8601."""
        return asdict(self) | {"is_finished": self.is_finished, "created_at": self.created_at.isoformat()}


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


def send(
    task_name: str,
    kwargs: dict[str, Any],
    *,
    queue: str | None = None,
    periodic_task_name: str | None = None,
    then: Any = None,
) -> str:
    """Send one task once the current transaction has committed, and return its id.

    ``queue`` overrides the task's own queue: ``priority`` for what a person waits for. ``periodic_task_name`` is the
    schedule that it is a run of. ``then`` is the signature of what follows it, however it ends; a message that is lost
    and sent again is without it.
    """
    task_id = uuid()
    task = current_app.tasks[task_name]
    options: dict[str, Any] = {"queue": queue} if queue else {}
    if then is not None:
        options |= {"link": then, "link_error": then}
    if periodic_task_name:
        options["headers"] = {"periodic_task_name": periodic_task_name}

    def dispatch() -> None:
        remember(task_name, [(task_id, kwargs)], periodic_task_name)
        try:
            task.apply_async(kwargs=kwargs, task_id=task_id, **options)
        except Exception:
            # A broker that took nothing must not leave a task that waits for ever.
            TaskResult.objects.filter(task_id=task_id, status=PENDING).delete()
            raise

    transaction.on_commit(dispatch)
    return task_id


def start_batch(task_name: str, calls: Iterable[dict[str, Any]], *, label: str = "", started_by: Any = None) -> Batch:
    """Send one task for each entry of ``calls`` (its keyword arguments), once the transaction has committed.

    The rows are written in lots, then the messages are sent in lots. What a broker did not take stays as a row that
    waits, and the reconciler sends it once the broker is back: ``waits_for_broker`` of the batch tells, for whoever
    started it outside a transaction.
    """
    return _start(task_name, calls, label=label, started_by=started_by)


def _start(task_name: str, calls: Iterable[dict[str, Any]], **fields: Any) -> Batch:
    with transaction.atomic():
        batch = Batch.objects.create(group_id=uuid(), task_name=task_name, **fields)
        for lot in _lots(enumerate(calls)):
            BatchTask.objects.bulk_create(
                BatchTask(task_id=uuid(), batch=batch, position=position, kwargs=kwargs) for position, kwargs in lot
            )
            batch.total += len(lot)
        batch.save(update_fields=["total"])
        transaction.on_commit(lambda: _dispatch_or_keep(batch))
    return batch


def _dispatch_or_keep(batch: Batch) -> None:
    # No error: the rows are there and will be sent, so whoever tried again would double the work.
    try:
        dispatch(batch.tasks.filter(status=PENDING))
    except OperationalError as error:
        batch.waits_for_broker = True
        logger.warning("Batch %s (%s) waits for the broker: %s", batch.pk, batch, error)


def dispatch(tasks: Any) -> int:
    """Send a message for each task of a queryset of ``BatchTask`` and return how many; in lots, by one connection.

    Raises kombu's OperationalError when the broker takes no more.
    """
    sent, last = 0, ("", -1)
    rows = tasks.order_by("batch_id", "position").values_list(
        "batch_id", "position", "task_id", "kwargs", "batch__task_name"
    )
    with current_app.producer_or_acquire() as producer:
        while lot := list(rows.filter(Q(batch_id=last[0], position__gt=last[1]) | Q(batch_id__gt=last[0]))[:LOT]):
            for group_id, _, task_id, kwargs, task_name in lot:
                task = current_app.tasks[task_name]
                task.apply_async(kwargs=kwargs, task_id=task_id, group_id=group_id, producer=producer)
            sent += len(lot)
            last = lot[-1][:2]
    return sent


def _lots(rows: Iterable[Any]) -> Iterator[list[Any]]:
    rows = iter(rows)
    while lot := list(islice(rows, LOT)):
        yield lot


def remember(
    task_name: str, signatures: Sequence[tuple[str, dict[str, Any]]], periodic_task_name: str | None = None
) -> None:
    """Write a row for each task (id, keyword arguments) about to be sent, in the form in which the worker writes it."""
    TaskResult.objects.bulk_create(
        (
            TaskResult(
                task_id=task_id,
                task_name=task_name,
                periodic_task_name=periodic_task_name,
                task_kwargs=json.dumps(repr(kwargs)),
                status=PENDING,
                content_type="application/json",
                content_encoding="utf-8",
            )
            for task_id, kwargs in signatures
        ),
    )


def stored_arguments(task_kwargs: str) -> dict[str, Any]:
    """Return the keyword arguments of a task from what ``TaskResult.task_kwargs`` holds: their ``repr`` in JSON.

    Raises ValueError or SyntaxError for what a worker cut short.
    """
    return ast.literal_eval(json.loads(task_kwargs))


def progress_of(group_id: str) -> BatchProgress:
    """Return how far a batch has come. Raises TaskNotFound."""
    return progress_of_each([_batch(group_id)])[0]


def progress_of_each(rows: Iterable[Batch]) -> list[BatchProgress]:
    """Return how far each of these batches has come, all of them asked for at once."""
    rows, now = list(rows), timezone.now()
    ended = Q(status__in=READY_STATES)
    worked = ended & Q(started_at__isnull=False)
    counted = (
        BatchTask.objects.filter(batch__in=rows)
        .order_by()
        .values("batch_id")
        .annotate(
            ended=Count("pk", filter=ended),
            failed=Count("pk", filter=Q(status__in=(FAILURE, REVOKED))),
            retried=Sum("retries"),
            lately=Count("pk", filter=worked & Q(finished_at__gte=now - PACE_OVER)),
            worked=Count("pk", filter=worked),
            last=Max("finished_at"),
        )
    )
    counts = {row.pop("batch_id"): row for row in counted}
    return [_progress(batch, counts.get(batch.pk, NO_TASKS), now) for batch in rows]


def running_batches() -> list[BatchProgress]:
    """Return the batches that have not ended, newest first."""
    open_ids = BatchTask.objects.open().order_by().values("batch_id").distinct()
    return progress_of_each(Batch.objects.filter(pk__in=open_ids))


def _batch(group_id: str) -> Batch:
    try:
        return Batch.objects.get(pk=group_id)
    except Batch.DoesNotExist:
        raise TaskNotFound(f"There is no batch {group_id}.") from None


def _progress(batch: Batch, counts: dict[str, Any], now: datetime) -> BatchProgress:
    since = max(batch.created_at, now - PACE_OVER)
    done = counts["ended"]
    if done >= batch.total:
        worked, seconds = counts["worked"], ((counts["last"] or since) - batch.created_at).total_seconds()
    else:
        worked, seconds = counts["lately"], (now - since).total_seconds()
    per_minute = 60 * worked / max(seconds, 1)
    left = batch.total - done
    return BatchProgress(
        group_id=batch.group_id,
        label=str(batch),
        total=batch.total,
        done=done,
        failed=counts["failed"],
        retried=counts["retried"],
        per_minute=round(per_minute, 1),
        seconds_left=0 if not left else round(60 * left / per_minute) if per_minute else None,
        is_cancelled=batch.cancelled_at is not None,
        created_at=batch.created_at,
    )


def cancel_batch(group_id: str) -> int:
    """Keep the waiting tasks of a batch from being run, let the running ones end, and return how many were kept.

    The rows decide, whatever the broker holds: a worker that meets the message of a cancelled task drops it. Raises
    TaskNotFound.
    """
    batch, now = _batch(group_id), timezone.now()
    with transaction.atomic():
        kept = batch.tasks.filter(status__in=(PENDING, RETRY)).update(status=REVOKED, finished_at=now)
        Batch.objects.filter(pk=batch.pk, cancelled_at=None).update(cancelled_at=now)
    return kept


def retry_failures(group_id: str, started_by: Any = None) -> Batch:
    """Send the tasks of a batch that failed or were cancelled again, as a new batch.

    Raises TaskNotFound and NothingToRetry.
    """
    batch = _batch(group_id)
    failed = batch.tasks.unsuccessful().order_by("position").values_list("kwargs", flat=True)
    if not failed.exists():
        raise NothingToRetry(f"Batch {group_id} has no task that failed.")
    label = f"Again: {batch}".replace("Again: Again: ", "Again: ")[:200]
    return _start(batch.task_name, failed.iterator(LOT), label=label, started_by=started_by, retry_of=batch)


def tasks_of_batch(group_id: str) -> list[str]:
    """Return the ids of a batch's tasks. Raises TaskNotFound."""
    return _batch(group_id).task_ids


def failures(group_id: str) -> list[str]:
    """Return a line for each task of a batch that did not succeed."""
    return [
        f"{task.kwargs}: {_error_of(task.status, task.result)}"
        for task in BatchTask.objects.filter(batch_id=group_id).unsuccessful().iterator(LOT)
    ]


def start_in_batch(task_id: str, longest: float = 600) -> bool:
    """Note that a worker starts on a task of a batch; return False when it was cancelled or has ended already.

    It has ended already when an earlier delivery did the work and its acknowledgement was lost. Raises UnderWay when
    the process that started it lives, for the ``longest`` (seconds) that it may take.
    """
    row = BatchTask.objects.filter(task_id=task_id)
    since = timezone.now() - timedelta(seconds=longest)
    first = row.filter(status__in=(STARTED, "PROGRESS"), started_at__gt=since).values_list("worker", flat=True).first()
    if first and first != identity() and is_at_work(first):
        raise UnderWay(task_id)
    started = row.open().update(status=STARTED, started_at=timezone.now(), worker=identity())
    # A row that clean-up removed meanwhile forbids nothing.
    return bool(started) or not row.exists()


def task_state(task_id: str) -> TaskState:
    """Return how far a task has come. Raises TaskNotFound for an id that was never sent."""
    if (of_batch := BatchTask.objects.select_related("batch").filter(task_id=task_id).first()) is not None:
        return _state_in_batch(of_batch)
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


def _state_in_batch(task: BatchTask) -> TaskState:
    progress = None
    if task.status == "PROGRESS" and isinstance(task.result, dict):
        progress = {name: task.result.get(name) for name in ("step", "done", "total")}
    return TaskState(
        task_id=task.task_id,
        name=task.batch.task_name,
        status=task.status,
        progress=progress,
        result=task.result if task.status == SUCCESS else None,
        error=_error_of(task.status, task.result),
        started_at=task.started_at,
        finished_at=task.finished_at,
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
