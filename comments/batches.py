"""Starts a group of tasks and follows it, on the results that django-celery-results keeps."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from celery import current_app
from celery.result import AsyncResult, GroupResult
from celery.states import FAILURE, READY_STATES, REVOKED, SUCCESS
from celery.utils import uuid
from django.db import transaction
from django.db.models import Count
from django_celery_results.models import TaskResult


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


def send(task_name: str, kwargs: dict[str, Any], *, queue: str | None = None) -> str:
    """Send one task once the current transaction has committed, and return its id.

    ``queue`` overrides the task's own queue: ``priority`` for what a person waits for.
    """
    task_id = uuid()
    task = current_app.tasks[task_name]
    options = {"queue": queue} if queue else {}
    transaction.on_commit(lambda: task.apply_async(kwargs=kwargs, task_id=task_id, **options))
    return task_id


def start_batch(task_name: str, calls: Iterable[dict[str, Any]]) -> Batch:
    """Send one task for each entry of ``calls`` (its keyword arguments), once the transaction has committed."""
    task = current_app.tasks[task_name]
    signatures = [(uuid(), kwargs) for kwargs in calls]
    batch = Batch(uuid(), [task_id for task_id, _ in signatures])

    def dispatch() -> None:
        GroupResult(batch.group_id, [AsyncResult(task_id) for task_id in batch.task_ids]).save()
        with current_app.producer_or_acquire() as producer:
            for task_id, kwargs in signatures:
                task.apply_async(kwargs=kwargs, task_id=task_id, group_id=batch.group_id, producer=producer)

    transaction.on_commit(dispatch)
    return batch


def batch_progress(task_ids: list[str]) -> BatchProgress:
    """Return how many of the tasks ended, and how many of those failed."""
    counts = dict(
        TaskResult.objects.filter(task_id__in=task_ids, status__in=READY_STATES)
        .values_list("status")
        .annotate(Count("pk"))
    )
    return BatchProgress(len(task_ids), sum(counts.values()), counts.get(FAILURE, 0) + counts.get(REVOKED, 0))


def failures(task_ids: list[str]) -> list[str]:
    """Return a line for each of the tasks that did not succeed."""
    ended = TaskResult.objects.filter(task_id__in=task_ids, status__in=READY_STATES).exclude(status=SUCCESS)
    return [f"{task.task_kwargs}: {task.result}" for task in ended]
