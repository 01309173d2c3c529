"""Starts tasks and batches of tasks.

Every task that is sent from here leaves a row at once, so that an id which nobody sent can be told from one that
waits: a single task in django-celery-results, a task of a batch in ``BatchTask``. The worker's later writes update
that row (core/jobs/results.py).
"""

import json
import logging
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from celery import current_app, current_task
from celery.states import PENDING
from celery.utils import uuid
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django_celery_results.models import TaskResult
from kombu.exceptions import OperationalError

from core.jobs.following import batch_of
from core.models import Batch, BatchTask

logger = logging.getLogger(__name__)
# Rows are written, and messages sent, in lots of this size: the dispatcher holds one lot, whatever the batch's size.
LOT = 500
# The header that names the person who asked for a task.
STARTED_BY = "started_by"
# What a task may be asked for at the most: comments, threads.
LARGEST_LIMIT = 1_000_000


class NothingToRetry(Exception):
    """The batch has no task that ended without success."""


def send(
    task_name: str,
    kwargs: dict[str, Any],
    *,
    queue: str | None = None,
    periodic_task_name: str | None = None,
    started_by: Any = None,
    then: Any = None,
) -> str:
    """Send one task once the current transaction has committed, and return its id.

    ``queue`` overrides the task's own queue: ``priority`` for what a person waits for. ``periodic_task_name`` is the
    schedule that it is a run of, ``started_by`` the person who asked for it: a batch that the task starts is theirs.
    ``then`` is the signature of what follows it, however it ends; a message that is lost and sent again is without it.
    """
    task_id = uuid()
    task = current_app.tasks[task_name]
    options: dict[str, Any] = {"queue": queue} if queue else {}
    if then is not None:
        options |= {"link": then, "link_error": then}
    headers = {"periodic_task_name": periodic_task_name, STARTED_BY: getattr(started_by, "pk", None)}
    options["headers"] = {name: value for name, value in headers.items() if value}

    def dispatch() -> None:
        remember(task_id, task_name, kwargs, periodic_task_name)
        try:
            task.apply_async(kwargs=kwargs, task_id=task_id, **options)
        except Exception:
            # A broker that took nothing must not leave a task that waits for ever.
            TaskResult.objects.filter(task_id=task_id, status=PENDING).delete()
            raise

    transaction.on_commit(dispatch)
    return task_id


def start_batch(
    task_name: str,
    calls: Iterable[dict[str, Any]],
    *,
    label: str = "",
    started_by: Any = None,
    retry_of: Batch | None = None,
) -> Batch:
    """Send one task for each entry of ``calls`` (its keyword arguments), once the transaction has committed.

    The rows are written in lots, then the messages are sent in lots. What a broker did not take stays as a row that
    waits, and the reconciler sends it once the broker is back: ``waits_for_broker`` of the batch tells, for the one who
    started it outside a transaction. Started from within a task it is of the person or schedule that this was sent by.
    """
    origin = _origin() if started_by is None else {"started_by": started_by}
    with transaction.atomic():
        batch = Batch.objects.create(group_id=uuid(), task_name=task_name, label=label, retry_of=retry_of, **origin)
        for lot in lots(enumerate(calls)):
            BatchTask.objects.bulk_create(
                BatchTask(task_id=uuid(), batch=batch, position=position, kwargs=kwargs) for position, kwargs in lot
            )
            batch.total += len(lot)
        batch.save(update_fields=["total"])
        transaction.on_commit(lambda: _dispatch_or_keep(batch))
    return batch


def _origin() -> dict[str, Any]:
    """Return the task that runs here, and the person and the schedule that sent it, as fields of a batch."""
    if not current_task:
        return {}
    request = current_task.request
    asked_by = getattr(request, STARTED_BY, None)
    person = get_user_model().objects.filter(pk=asked_by).first() if asked_by else None
    schedule = getattr(request, "periodic_task_name", None) or ""
    return {"started_by": person, "schedule": schedule, "started_in": request.id or ""}


def _dispatch_or_keep(batch: Batch) -> None:
    # No error: the rows are there and will be sent, so trying again would double the work.
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
                task.apply_async(kwargs=kwargs, task_id=task_id, producer=producer, **{"group_id": group_id})
            sent += len(lot)
            last = lot[-1][:2]
    return sent


def lots(rows: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield rows in lists of ``LOT``, the last one of what is left."""
    rows = iter(rows)
    while lot := list(islice(rows, LOT)):
        yield lot


def remember(task_id: str, task_name: str, kwargs: dict[str, Any], periodic_task_name: str | None = None) -> None:
    """Write a row for a task about to be sent, in the form in which the worker writes it."""
    TaskResult.objects.create(
        task_id=task_id,
        task_name=task_name,
        periodic_task_name=periodic_task_name,
        task_kwargs=json.dumps(repr(kwargs)),
        status=PENDING,
        content_type="application/json",
        content_encoding="utf-8",
    )


def retry_failures(group_id: str, started_by: Any = None) -> Batch:
    """Send the tasks of a batch that failed or were cancelled again, as a new batch.

    Raises TaskNotFound and NothingToRetry.
    """
    batch = batch_of(group_id)
    failed = batch.tasks.unsuccessful().order_by("position").values_list("kwargs", flat=True)
    if not failed.exists():
        raise NothingToRetry(f"Batch {group_id} has no task that failed.")
    label = f"Again: {batch}".replace("Again: Again: ", "Again: ")[:200]
    return start_batch(batch.task_name, failed.iterator(LOT), label=label, started_by=started_by, retry_of=batch)
