"""The one retry policy of Waywo's tasks: decided by the error, so that no task repeats it."""

import random
from datetime import timedelta
from typing import Any

from celery import Task
from celery.exceptions import Ignore
from celery.states import READY_STATES, REVOKED, STARTED
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from core.http import NotAsked, OutsideError
from core.jobs import cancelling, steps
from core.jobs.liveness import identity, is_at_work
from core.models import MAX_DEATHS, BatchTask, Redelivery

FIRST_PAUSE = 10
# Seconds over which those who wait for a service come back, so that they do not come all at once.
SPREAD = 10
LOOK_AGAIN = 20  # seconds until a second delivery looks whether the first one came to its end


class GivenUp(Exception):
    """A task whose worker was lost again and again, as by a lack of memory."""

    REASON = f"Its worker died {MAX_DEATHS} times: it is not tried again."


class RetryingTask(Task):  # type: ignore[type-arg]  # Celery's takes none at run time
    """Tries again, three times at most, after an ``OutsideError`` that may pass.

    The pause is what the service asked for (Retry-After), else 10 s, 20 s, 40 s with full jitter; never more than
    10 minutes. A service that is known to be down and was not asked costs no try. Every other error ends the task at
    once: asking again cannot help. A database that is away is waited for, as long as it takes.
    """

    max_retries = 3
    # What is said in one line when a task ends with it, without a traceback: it tells of others, not of our code.
    throws = (OutsideError, GivenUp)
    # True for a task that counts its attempts in a row of its own, as the reading of a comment does.
    counts_its_deaths = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task's body, unless it was cancelled while no worker could hear of it."""
        try:
            if not self.request.called_directly and self.request.id:
                self._start(self.request.id)
            return super().__call__(*args, **kwargs)
        except (OperationalError, InterfaceError) as error:
            if self.request.called_directly:
                raise
            if not _database_answers():
                self.request.retries -= 1  # as below: waiting is not a try
            raise self.retry(exc=error, countdown=random.uniform(2, SPREAD)) from error  # noqa: S311
        except OutsideError as error:
            if error.permanent:
                raise
            if isinstance(error, NotAsked):
                # Waiting is not a try: ``retry`` adds one, so one is taken off before.
                self.request.retries -= 1
                waited = pause(0, error.retry_after) + random.uniform(0, SPREAD)  # noqa: S311 - jitter, no secret
                raise self.retry(exc=error, countdown=waited) from error
            raise self.retry(exc=error, countdown=pause(self.request.retries, error.retry_after)) from error
        finally:
            steps.forget(self.request.id or "")

    def _start(self, task_id: str) -> None:
        """Let a task that was cancelled, or that an earlier delivery finished, rest; give one up that kills workers.

        Deaths are counted before the work starts, so a worker that dies of it again leaves its trace.
        """
        if self.request.group:
            try:
                if not start_in_batch(task_id, longest=self.time_limit or settings.LONGEST_RETRY_PAUSE):
                    raise Ignore
            except UnderWay:
                # The broker was lost and handed it on, while its first start goes on: that one decides.
                self.come_back(LOOK_AGAIN)
                raise Ignore from None
        elif cancelling.is_cancelled(task_id):
            self.update_state(state=REVOKED)
            raise Ignore
        redelivered = (self.request.delivery_info or {}).get("redelivered")
        if redelivered and not self.counts_its_deaths and count_redelivery(task_id) >= MAX_DEATHS:
            raise GivenUp(GivenUp.REASON)

    def come_back(self, seconds: float) -> None:
        """Send this task again, as the same one, to start in some seconds; the present run then ends with Ignore.

        Until then it holds no process. What it was sent with holds, but for the time after which nobody wanted it.
        """
        self.signature_from_request(countdown=seconds, expires=None).apply_async()

    @property
    def is_last_try(self) -> bool:
        """True when a failure of this run is final."""
        return self.request.called_directly or self.request.retries >= self.max_retries

    def report_progress(self, step: str, done: int, total: int) -> None:
        """Let those who follow the task see its step, if it lasts. Without a worker it does nothing."""
        if self.request.id and not self.request.called_directly:
            steps.note(self.request.id, step, done, total, is_in_batch=bool(self.request.group))


def _database_answers() -> bool:
    """Return whether the database takes a new connection."""
    try:
        connection.close()
        connection.ensure_connection()
    except (OperationalError, InterfaceError):
        return False
    return True


def count_redelivery(task_id: str) -> int:
    """Count that a task is started again after its worker was lost, and return how often that happened."""
    with transaction.atomic():
        row, is_new = Redelivery.objects.select_for_update().get_or_create(task_id=task_id)
        if not is_new:
            row.times += 1
            row.save(update_fields=["times", "last_at"])
    return row.times


def pause(retries: int, asked_for: float | None = None) -> float:
    """Return the seconds to wait before try number ``retries`` + 2."""
    longest = settings.LONGEST_RETRY_PAUSE
    if asked_for is not None:
        return min(asked_for, longest)
    return random.uniform(1, min(FIRST_PAUSE * 2**retries, longest))  # noqa: S311 - jitter, no secret


class UnderWay(Exception):
    """Another process is at the task at this moment."""


def start_in_batch(task_id: str, longest: float = 600) -> bool:
    """Note that a worker starts on a task of a batch; return False when it was cancelled or has ended already.

    It has ended already when an earlier delivery did the work and its acknowledgement was lost. Raises UnderWay when
    the process that started it lives, for the ``longest`` (seconds) that it may take.
    """
    row, now = BatchTask.objects.filter(task_id=task_id), timezone.now()
    start = {"status": STARTED, "started_at": now, "worker": identity()}
    # What waits, as nearly all do, starts by this one query.
    if row.filter(status__in=cancelling.WAITING).update(**start):
        return True
    found = row.values_list("status", "worker", "started_at").first()
    if found is None:
        return True  # A row that clean-up removed meanwhile forbids nothing.
    status, worker, started_at = found
    if status in READY_STATES:
        return False
    is_young = started_at is not None and started_at > now - timedelta(seconds=longest)
    if status in steps.UNDER_WAY and is_young and worker != identity() and is_at_work(worker):
        raise UnderWay(task_id)
    return bool(row.open().update(**start))
