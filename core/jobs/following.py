"""How far tasks and batches have come, told from their rows."""

import ast
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from celery.states import FAILURE, READY_STATES, RETRY, REVOKED, SUCCESS
from django.db.models import Count, Max, Q, Sum
from django.utils import timezone
from django_celery_results.models import TaskResult

from core.jobs.batch_progress import BatchProgress
from core.jobs.steps import PROGRESS, UNDER_WAY
from core.models import Batch, BatchTask

# The pace is that of the last minutes: what a slow start was says nothing about the end.
PACE_OVER = timedelta(minutes=5)
# A batch that ended is shown a little longer, so that who watched it sees what it came to.
SHOWN_AFTER_END = timedelta(minutes=10)
MOST_PRESENT = 20
NO_TASKS = dict.fromkeys(("ended", "failed", "cancelled", "started", "retried", "lately", "worked"), 0) | {"last": None}
# Of the running tasks of a batch so many are told: there are as many as the workers have processes.
SHOWN_RUNNING = 50
# What a task works on, as far as its arguments say: ids and no more.
SUBJECTS = ("comment_id", "post_id", "post")
# What these raise is written for people; the text of any other exception may hold secrets.
OUR_MODULES = ("core.", "comments.", "projects.", "ideas.", "waywo_site.")
REFUSALS = ("ValueError",)


class TaskNotFound(LookupError):
    """No task or batch of this id was ever sent."""


class IsABatch(TaskNotFound):
    """The id of a task was asked for, and that of a batch given."""


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

    @property
    def is_under_way(self) -> bool:
        """True while a worker is at it."""
        return self.status in UNDER_WAY

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form, times in ISO 8601."""
        row = asdict(self)
        for name in ("started_at", "finished_at"):
            row[name] = row[name].isoformat() if row[name] else None
        return row


@dataclass(frozen=True)
class RunningTask:
    """A task of a batch that a worker is at, with its step where that lasts."""

    task_id: str
    arguments: dict[str, Any]
    progress: dict[str, Any] | None
    started_at: datetime | None

    @property
    def label(self) -> str:
        """What it works on, and what it is at, in a few words."""
        about = _named({name: value for name, value in self.arguments.items() if name in SUBJECTS} or self.arguments)
        return f"{about}: {told(self.progress)}" if self.progress else about

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form, the time in ISO 8601."""
        started = self.started_at.isoformat() if self.started_at else None
        return asdict(self) | {"label": self.label, "started_at": started}


def told(progress: dict[str, Any]) -> str:
    """Return a step in words, as: describing, 3 of 6."""
    return "{step}, {done} of {total}".format(**progress)


def stored_arguments(task_kwargs: str) -> dict[str, Any]:
    """Return the keyword arguments of a task from what ``TaskResult.task_kwargs`` holds: their ``repr`` in JSON.

    Raises ValueError or SyntaxError for what a worker cut short.
    """
    arguments: dict[str, Any] = ast.literal_eval(json.loads(task_kwargs))
    return arguments


def arguments_of(task_id: str) -> dict[str, Any] | None:
    """Return the keyword arguments that a task was sent with; None where it is not known, or they were cut short."""
    if task := BatchTask.objects.filter(pk=task_id).first():
        kwargs: dict[str, Any] = task.kwargs
        return kwargs
    stored = TaskResult.objects.filter(task_id=task_id).values_list("task_kwargs", flat=True).first()
    try:
        return stored_arguments(stored) if stored else None
    except (TypeError, ValueError, SyntaxError):
        return None


def progress_of(group_id: str) -> BatchProgress:
    """Return how far a batch has come. Raises TaskNotFound."""
    return progress_of_each([batch_of(group_id)])[0]


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
            failed=Count("pk", filter=Q(status=FAILURE)),
            cancelled=Count("pk", filter=Q(status=REVOKED)),
            started=Count("pk", filter=Q(status__in=UNDER_WAY)),
            retried=Sum("retries"),
            lately=Count("pk", filter=worked & Q(finished_at__gte=now - PACE_OVER)),
            worked=Count("pk", filter=worked),
            last=Max("finished_at"),
        )
    )
    counts = {row.pop("batch_id"): row for row in counted}
    return [_progress(batch, counts.get(batch.pk, NO_TASKS), now) for batch in rows]


def running_tasks(group_id: str, most: int = SHOWN_RUNNING) -> list[RunningTask]:
    """Return the tasks of a batch that are under way, the first ``most`` of those that started first."""
    rows = BatchTask.objects.filter(batch_id=group_id, status__in=UNDER_WAY).order_by("started_at", "position")
    return [
        RunningTask(task.pk, task.kwargs, _progress_in(task.status, task.result), task.started_at)
        for task in rows[:most]
    ]


def steps_under_way(group_id: str) -> str:
    """Return what the running tasks of a batch are at, as: 3 describing, 1 embedding. Empty where no step lasts."""
    steps = Counter(task.progress["step"] for task in running_tasks(group_id) if task.progress)
    return ", ".join(f"{count} {step}" for step, count in steps.most_common())


def running_batches() -> list[BatchProgress]:
    """Return the batches that have not ended, newest first."""
    open_ids = BatchTask.objects.open().order_by().values("batch_id").distinct()
    return progress_of_each(Batch.objects.filter(pk__in=open_ids))


def present_batches() -> list[BatchProgress]:
    """Return the batches that have not ended and those that did in the last minutes, newest first."""
    ended = BatchTask.objects.filter(finished_at__gt=timezone.now() - SHOWN_AFTER_END)
    ids = [rows.order_by().values("batch_id").distinct() for rows in (BatchTask.objects.open(), ended)]
    return progress_of_each(Batch.objects.filter(Q(pk__in=ids[0]) | Q(pk__in=ids[1]))[:MOST_PRESENT])


def batch_of(group_id: str) -> Batch:
    """Return the batch of this id. Raises TaskNotFound."""
    try:
        return Batch.objects.get(pk=group_id)
    except Batch.DoesNotExist:
        known = BatchTask.objects.filter(pk=group_id).exists() or TaskResult.objects.filter(task_id=group_id).exists()
        hint = ": that is the id of a task" if known else ""
        raise TaskNotFound(f"There is no batch {group_id}{hint}.") from None


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
        task_name=batch.task_name,
        label=str(batch),
        total=batch.total,
        done=done,
        failed=counts["failed"],
        cancelled_tasks=counts["cancelled"],
        running=counts["started"],
        retried=counts["retried"],
        per_minute=round(per_minute, 1),
        seconds_left=0 if not left else round(60 * left / per_minute) if per_minute else None,
        is_cancelled=batch.cancelled_at is not None,
        created_at=batch.created_at,
    )


def _named(kwargs: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in kwargs.items())


def failures(group_id: str, most: int | None = None) -> list[str]:
    """Return a line for each task of a batch that did not succeed, and what those lack that did so in part.

    With ``most``, so many lines at most: a page has no room for the failures of a batch of 100,000.
    """
    tasks = BatchTask.objects.filter(batch_id=group_id)
    failed = [
        f"{_named(task.kwargs)}: {_error_of(task.status, task.result)}"
        for task in tasks.unsuccessful()[:most].iterator()
    ]
    partly = tasks.filter(status=SUCCESS, result__status="partial").values_list("result__missing", flat=True)[:most]
    return (failed + [line for missing in partly if missing for line in missing])[:most]


def task_state(task_id: str) -> TaskState:
    """Return how far a task has come. Raises TaskNotFound for an id that was never sent, IsABatch for a batch's."""
    if (task := BatchTask.objects.select_related("batch").filter(task_id=task_id).first()) is not None:
        return _state(task_id, task.batch.task_name, task.status, task.result, task.started_at, task.finished_at)
    row = (
        TaskResult.objects.filter(task_id=task_id)
        .values_list("task_name", "status", "result", "date_started", "date_done")
        .first()
    )
    if row is None and Batch.objects.filter(pk=task_id).exists():
        raise IsABatch(f"{task_id} is the id of a batch, not of a task.")
    if row is None:
        raise TaskNotFound(f"There is no task {task_id}: no task with this id was sent, or its result has expired.")
    name, status, stored, started_at, finished_at = row
    return _state(task_id, name, status, _content(stored), started_at, finished_at)


def _content(stored: str | None) -> Any:
    """Return what a task came to; the text itself where that is no JSON, as other programs may write it."""
    try:
        return json.loads(stored or "null")
    except ValueError:
        return stored


def _state(
    task_id: str, name: str | None, status: str, content: Any, started_at: datetime | None, finished_at: datetime | None
) -> TaskState:
    return TaskState(
        task_id=task_id,
        name=name,
        status=status,
        progress=_progress_in(status, content),
        result=content if status == SUCCESS else None,
        error=_error_of(status, content),
        started_at=started_at,
        finished_at=finished_at if status in READY_STATES else None,
    )


def _progress_in(status: str, content: Any) -> dict[str, Any] | None:
    if status != PROGRESS or not isinstance(content, dict):
        return None
    return {key: content.get(key) for key in ("step", "done", "total")}


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
