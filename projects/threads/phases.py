"""The phases of a thread's run, each a batch: collected, read, counted.

Nothing waits: the run's task looks, begins what is due, and comes back later. The rows say where the run is, and a
phase is noted in the transaction that makes its batch, so a worker may be lost at any moment, and messages come twice.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from celery.exceptions import Ignore
from django.db import IntegrityError, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from comments.adding import CollectionError
from comments.models import Comment
from comments.thread_names import ThreadName, id_to_collect
from core.http import OutsideError
from core.jobs import following, sending
from core.locks import lock_until_commit
from core.models import Batch
from core.text import counted
from projects.extraction.choosing import TASK as READING_TASK
from projects.models import ThreadRun
from projects.threads.ending import end_abandoned
from projects.threads.outcomes import collection_error, outcome_of
from projects.threads.wishes import Wish

logger = logging.getLogger(__name__)

TASK = "process_waywo_thread"
# Seconds between two looks, at the least and the most.
SOONEST, LATEST = 1.0, 10.0
# A message may come so much (s) before the time that the row says.
EARLY = 0.5

ComeBack = Callable[[float], None]


class AlreadyRunning(Exception):
    """Another task is at this thread; ``run`` is its run."""

    def __init__(self, run: ThreadRun) -> None:
        super().__init__(
            f"Thread {run} is being extracted, since {run.created_at:%Y-%m-%d %H:%M} UTC, by task {run.task_id}."
        )
        self.run = run


class NotYet(Exception):
    """It was looked at a moment ago, and will be again by another message."""


class ThreadError(Exception):
    """A run that ended without a result; the message says why."""


def ended(run: ThreadRun) -> dict[str, Any]:
    """Return the result of a run that has ended. Raises ThreadError for one that failed, Ignore for a cancelled one."""
    if run.status == ThreadRun.Status.CANCELLED:
        raise Ignore
    if run.result is None:
        raise ThreadError(run.error)
    return run.result


def running_run(thread: ThreadName) -> ThreadRun | None:
    """Return the run that is at a thread now, None where there is none."""
    return ThreadRun.objects.open().filter(thread=str(thread)).first()


def refuse_running(thread: ThreadName) -> None:
    """Raise AlreadyRunning where a run is at the thread."""
    end_abandoned()
    if (run := running_run(thread)) is not None:
        raise AlreadyRunning(run)


def go_on(task_id: str, wish: Wish, asked: dict[str, Any], come_back: ComeBack) -> ThreadRun:
    """Begin the phase of a task's run that is due, or end the run; return it.

    The run is opened by the first call. ``asked`` are the task's arguments; ``come_back`` sends the task again in some
    seconds, and is called while the run is not finished. Raises AlreadyRunning, NotYet, and the error of a source
    that must be asked which thread it is: one that cannot pass ends the run.
    """
    run = _opened(task_id, wish, asked)
    if run.is_finished:
        return run
    try:
        post_id = run.post_id or id_to_collect(wish.thread)
    except (CollectionError, OutsideError) as error:
        if not isinstance(error, OutsideError) or error.permanent:
            run.finish(ThreadRun.Status.FAILED, error=str(error))
        raise
    with transaction.atomic():
        run = ThreadRun.objects.select_for_update().get(pk=run.pk)
        if not run.is_finished and run.look_at > timezone.now() + timedelta(seconds=EARLY):
            raise NotYet
        if not run.is_finished:
            _advance(run, wish, post_id)
        if not run.is_finished:
            seconds = _pause(run)
            # Before it is noted: a worker that is lost in between leaves a message too many, and none too few.
            _come_back(run, seconds, come_back)
            run.look_at = timezone.now() + timedelta(seconds=seconds)
            run.save()
    return run


def _opened(task_id: str, wish: Wish, asked: dict[str, Any]) -> ThreadRun:
    if (run := ThreadRun.objects.filter(task_id=task_id).first()) is not None:
        return run
    end_abandoned()
    try:
        with transaction.atomic():
            return ThreadRun.objects.create(
                task_id=task_id, thread=str(wish.thread), post=wish.thread.post, asked=asked, look_at=timezone.now()
            )
    except IntegrityError:
        other = ThreadRun.objects.filter(task_id=task_id).first() or running_run(wish.thread)
        if other is None:
            raise NotYet from None  # It ended at this very moment; the next schedule, or click, finds it free.
        if other.task_id != task_id:
            raise AlreadyRunning(other) from None
        return other


def _advance(run: ThreadRun, wish: Wish, post_id: int) -> None:
    """Begin the next phase where the last one has ended; end the run after the last."""
    run.post = run.post or wish.thread.post
    if run.collection is None:
        call = wish.collection(post_id)
        run.collection = _start(run, "process_waywo_post", [call], f"Collect thread {post_id}")
    elif _is_open(run.collection):
        return
    elif run.reading is None:
        if run.post is None:
            run.finish(ThreadRun.Status.FAILED, error=collection_error(run))
            return
        # As every choice of comments: of two at once the second finds queued what the first chose.
        lock_until_commit("choice of comments")
        ids = wish.comments_to_read(run.post)
        calls = [wish.reading(pk) for pk in ids]
        run.reading = _start(run, READING_TASK, calls, f"Read {counted(len(ids), 'comment')} of {run.post}")
    elif _is_open(run.reading) or _others_read(run.reading):
        return
    elif run.figures is None:
        run.figures = _start(run, "generate_analytics", [{}], f"Figures after {run.post}")
    elif not _is_open(run.figures):
        result = outcome_of(run)
        run.finish(ThreadRun.Status(result["status"]), result=result)


def _start(run: ThreadRun, task_name: str, calls: list[dict[str, Any]], label: str) -> Batch:
    return sending.start_batch(task_name, calls, label=label[:200])


def _is_open(batch: Batch) -> bool:
    return batch.tasks.open().exists()


def _others_read(reading: Batch) -> bool:
    """Return whether somebody else is at a comment that the run left to them."""
    ids = [kwargs["comment_id"] for kwargs in reading.tasks.values_list("kwargs", flat=True)]
    return Comment.objects.being_read().filter(pk__in=ids).exists()


def _come_back(run: ThreadRun, seconds: float, come_back: ComeBack) -> None:
    try:
        come_back(seconds)
    except OperationalError as error:
        # No error of the run: the row says when it is due, and the reconciler sends what is overdue.
        logger.warning("The run of %s waits for the broker: %s", run, error)


def _pause(run: ThreadRun) -> float:
    """Return the seconds until the next look: a share of what is left, and no more than the phase has lasted."""
    [progress] = following.progress_of_each(run.batches[-1:])
    age = (timezone.now() - progress.created_at).total_seconds()
    left = age if progress.seconds_left is None else progress.seconds_left / 4
    return min(max(min(left, age), SOONEST), LATEST)
