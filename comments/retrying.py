"""The one retry policy of Waywo's tasks: decided by the error, so that no task repeats it."""

import random

from celery import Task
from celery.exceptions import Ignore
from celery.states import REVOKED

from comments import batches
from comments.http import NotAsked, OutsideError

LONGEST_PAUSE = 600  # seconds (design, section 4)
FIRST_PAUSE = 10
# Seconds over which those who wait for a service come back, so that they do not come all at once.
SPREAD = 10


class RetryingTask(Task):
    """Tries again, three times at most, after an ``OutsideError`` that may pass.

    The pause is what the service asked for (Retry-After), else 10 s, 20 s, 40 s with full jitter; never more than
    10 minutes. A service that is known to be down and was not asked costs no try. Every other error ends the task at
    once: asking again cannot help.
    """

    max_retries = 3

    def __call__(self, *args, **kwargs):
        """Run the task's body, unless it was cancelled while no worker could hear of it."""
        if not self.request.called_directly and self.request.id and batches.is_cancelled(self.request.id):
            self.update_state(state=REVOKED)
            raise Ignore
        try:
            return super().__call__(*args, **kwargs)
        except OutsideError as error:
            if error.permanent:
                raise
            if isinstance(error, NotAsked):
                # Waiting is no try: ``retry`` adds one, so one is taken off before.
                self.request.retries -= 1
                waited = pause(0, error.retry_after) + random.uniform(0, SPREAD)  # noqa: S311 - jitter, no secret
                raise self.retry(exc=error, countdown=waited) from error
            raise self.retry(exc=error, countdown=pause(self.request.retries, error.retry_after)) from error

    @property
    def is_last_try(self) -> bool:
        """True when a failure of this run is final."""
        return self.request.called_directly or self.request.retries >= self.max_retries

    def report_progress(self, step: str, done: int, total: int) -> None:
        """Store the state ``PROGRESS``; does nothing where the task runs without a worker."""
        if self.request.id and not self.request.called_directly:
            self.update_state(state="PROGRESS", meta={"step": step, "done": done, "total": total})


def pause(retries: int, asked_for: float | None = None) -> float:
    """Return the seconds to wait before try number ``retries`` + 2."""
    if asked_for is not None:
        return min(asked_for, LONGEST_PAUSE)
    return random.uniform(1, min(FIRST_PAUSE * 2**retries, LONGEST_PAUSE))  # noqa: S311 - jitter, no secret
