"""Removes what nobody needs any more, a thousand rows at a time. Threads, comments, projects and reviews never."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from celery.states import READY_STATES
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django_celery_results.models import GroupResult, TaskResult

from comments.models import SourceHour
from core.models import Batch, BatchTask, Cancellation, Redelivery, Repetition
from core.progress import Progress, no_progress
from projects.asking import limits
from projects.language.kept_answers import oldest
from projects.language.models import KeptAnswer
from projects.models import Conversation, Extraction, HostTurn, Page, Question, QuestionEvent, ThreadRun
from waywo_site.models import HealthResult, QueueSample, QueueWork

logger = logging.getLogger(__name__)

BATCH = 1000
LOOKED_UP = 50_000
DAYS = 30
LEAST_DAYS, MOST_DAYS = 1, 10_000
EXTRACTIONS_KEPT = 3
TURNS_KEPT = timedelta(days=1)
TRIALS_KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Kind:
    """One kind of rows, and which of them may go as of a moment. ``can_come_back``: one may be needed again later."""

    name: str
    removable: Callable[[datetime], QuerySet]
    can_come_back: bool = False


def cleanup_old_data(days: int = DAYS, *, dry_run: bool = False, progress: Progress = no_progress) -> dict[str, Any]:
    """Remove what is older than ``days`` and return how many rows of each kind; ``dry_run`` only counts them.

    Each thousand is a transaction of its own: a run that is ended loses nothing, and the next one goes on from there.
    ``longest_batch_seconds`` is the longest that any row was locked. Raises ValueError for ``days`` that are
    not from 1 to 10,000.
    """
    if isinstance(days, bool) or not isinstance(days, int) or not LEAST_DAYS <= days <= MOST_DAYS:
        raise ValueError(f"days={days!r} is invalid: it expects a whole number from {LEAST_DAYS} to {MOST_DAYS}.")
    began = time.monotonic()
    before = timezone.now() - timedelta(days=days)
    totals = {kind.name: kind.removable(before).count() for kind in KINDS}
    removed, longest = dict.fromkeys(totals, 0), 0.0
    for kind in () if dry_run else KINDS:
        for count, taken in _remove(kind, before):
            removed[kind.name] += count
            longest = max(longest, taken)
            progress("removing", sum(removed.values()), max(sum(totals.values()), sum(removed.values())))
    seconds = round(time.monotonic() - began, 2)
    if not dry_run:
        logger.info("old data was removed", extra={"rows": sum(removed.values()), "seconds": seconds})
    return {
        "status": "success",
        "days": days,
        "dry_run": dry_run,
        "removed": totals if dry_run else removed,
        "seconds": seconds,
        "longest_batch_seconds": round(longest, 3),
    }


def _remove(kind: Kind, before: datetime) -> Iterator[tuple[int, float]]:
    """Remove all of one kind; yield after each batch how many rows it had and for how many seconds it held them."""
    while True:
        # Many at once: after each batch the database would search through the dead rows of the batches before.
        keys = list(kind.removable(before).order_by("pk").values_list("pk", flat=True)[:LOOKED_UP])
        done = 0
        for start in range(0, len(keys), BATCH):
            began = time.monotonic()
            count = _remove_batch(kind, keys[start : start + BATCH], before)
            done += count
            yield count, time.monotonic() - began
        if not done:
            # Nothing is left, or what is left is held by somebody: the next run has it.
            return


@transaction.atomic
def _remove_batch(kind: Kind, keys: list[Any], before: datetime) -> int:
    """Remove the rows of ``keys``, except those that somebody works on at this moment; return how many."""
    model = kind.removable(before).model
    free = model.objects.filter(pk__in=keys).select_for_update(skip_locked=True, of=("self",))
    keys = list(free.values_list("pk", flat=True))
    if kind.can_come_back:
        keys = list(kind.removable(before).filter(pk__in=keys).values_list("pk", flat=True))
    model.objects.filter(pk__in=keys).delete()
    return len(keys)


def _older(model: type[models.Model], field: str) -> Callable[[datetime], QuerySet]:
    return lambda before: model._default_manager.filter(**{f"{field}__lt": before})


def _trials(before: datetime) -> QuerySet[TaskResult]:
    """Readings that were tried, whatever ``before``: they are to leave no traces (docs/reading.md)."""
    return TaskResult.objects.filter(task_name="try_reading", date_done__lt=timezone.now() - TRIALS_KEPT)


def _batches(before: datetime) -> QuerySet[Batch]:
    """Batches whose every task ended before. One that still runs, or ended lately, keeps all its tasks."""
    needed = BatchTask.objects.filter(batch=OuterRef("pk")).exclude(
        Q(status__in=READY_STATES) & (Q(finished_at__lt=before) | Q(finished_at=None))
    )
    return Batch.objects.filter(~Exists(needed), created_at__lt=before)


def _batch_tasks(before: datetime) -> QuerySet[BatchTask]:
    return BatchTask.objects.filter(batch__in=_batches(before).values("pk"))


def _thread_runs(before: datetime) -> QuerySet[ThreadRun]:
    return ThreadRun.objects.filter(finished_at__lt=before)


def _extractions(before: datetime) -> QuerySet[Extraction]:
    """Readings beyond the last 3 of a comment, whatever their age; none that is under way."""
    place = Window(RowNumber(), partition_by="comment_id", order_by=[F("started_at").desc(), F("pk").desc()])
    ranked = Extraction.objects.annotate(place=place).filter(place__gt=EXTRACTIONS_KEPT).values("pk")
    return Extraction.objects.filter(pk__in=ranked).exclude(status=Extraction.Status.RUNNING)


def _pages(before: datetime) -> QuerySet[Page]:
    """Pages that no project links to. A fresh one may be on its way into a project."""
    return Page.objects.filter(projects=None, fetched_at__lt=before)


def _host_turns(before: datetime) -> QuerySet[HostTurn]:
    """Turns that were over a day ago, whatever ``before``: strangers' redirects make a row for each host."""
    return HostTurn.objects.filter(free_at__lt=timezone.now() - TURNS_KEPT)


def _kept_answers(before: datetime) -> QuerySet[KeptAnswer]:
    """Answers of language models that are too old to be used again, whatever ``before``."""
    return KeptAnswer.objects.filter(created_at__lt=oldest())


def _questions(before: datetime) -> QuerySet[Question]:
    """Questions of conversations whose time is over, whatever ``before``: visitors are told how long that is."""
    return Question.objects.filter(conversation__in=_conversations(before).values("pk"))


def _question_events(before: datetime) -> QuerySet[QuestionEvent]:
    return QuestionEvent.objects.filter(question__in=_questions(before).values("pk"))


def _conversations(before: datetime) -> QuerySet[Conversation]:
    # One that was forgotten today is empty, and its questions count until the day's end.
    forgotten_today = limits.asked_today().filter(text="").values("conversation")
    return Conversation.objects.filter(expires_at__lt=timezone.now()).exclude(pk__in=forgotten_today)


def _sessions(before: datetime) -> QuerySet[Session]:
    return Session.objects.filter(expire_date__lt=timezone.now())


KINDS = (
    Kind("results", _older(TaskResult, "date_done")),
    Kind("trials", _trials),
    Kind("group_results", _older(GroupResult, "date_done")),
    # The tasks first: a batch of 100,000 that took them along would hold them all in one transaction.
    Kind("batch_tasks", _batch_tasks, can_come_back=True),
    Kind("batches", _batches, can_come_back=True),
    Kind("thread_runs", _thread_runs),
    Kind("repetitions", _older(Repetition, "requested_at")),
    Kind("redeliveries", _older(Redelivery, "last_at")),
    Kind("cancellations", _older(Cancellation, "requested_at")),
    Kind("health_results", _older(HealthResult, "checked_at")),
    Kind("queue_samples", _older(QueueSample, "measured_at")),
    Kind("queue_work", _older(QueueWork, "since")),
    Kind("source_hours", _older(SourceHour, "hour")),
    Kind("extractions", _extractions),
    Kind("pages", _pages, can_come_back=True),
    Kind("host_turns", _host_turns, can_come_back=True),
    Kind("kept_answers", _kept_answers, can_come_back=True),
    # As with batches, the many rows first.
    Kind("question_events", _question_events),
    Kind("questions", _questions),
    Kind("conversations", _conversations),
    Kind("sessions", _sessions),
)
