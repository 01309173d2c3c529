"""A breaker between us and a service that is down: after some failures in a row nobody asks it for a while."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.http import NotAsked, OutsideError, Unavailable

FAILURES_IN_A_ROW = 5
OPEN_SECONDS = 60.0
# What those wait that come while one call tries whether the service is back.
TRIAL_SECONDS = 5.0


class Circuit:
    """Counts failures in a row. One for each service and process, safe from several threads and event loops.

    Closed, every call may go. After ``failures`` in a row it is open: calls raise NotAsked for ``pause`` seconds.
    Then a single call tries; it closes the circuit or opens it again. ``now`` is a clock in seconds. A call that fails
    while others are answered does not count: of many at once those that fail with all their tries end last.
    """

    def __init__(
        self,
        service: str,
        *,
        failures: int = FAILURES_IN_A_ROW,
        pause: float = OPEN_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._failures = failures
        self._pause = pause
        self._now = now
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._answers = 0
        self._open_until = 0.0
        self._trying = False

    @contextmanager
    def call(self) -> Iterator[None]:
        """Ask the service inside. Raises NotAsked, with the seconds to wait, while the circuit is open.

        Unavailable and TimeoutError count as failures. Every other OutsideError is an answer, be it a refusal. What
        else is raised (a cancellation, a bug) tells nothing of the service.
        """
        answers = self._enter()
        try:
            yield
        except (Unavailable, TimeoutError):
            self._note_failure(answers)
            raise
        except OutsideError:
            self._note_answer()
            raise
        except BaseException:
            with self._lock:
                self._trying = False
            raise
        self._note_answer()

    def seconds_left(self) -> float:
        """Return for how many seconds nobody asks the service; 0 while it may be asked."""
        with self._lock:
            return max(0.0, self._open_until - self._now()) if self._in_a_row >= self._failures else 0.0

    def _enter(self) -> int:
        """Return how many answers there were before this call."""
        with self._lock:
            if self._in_a_row < self._failures:
                return self._answers
            left = self._open_until - self._now()
            if left > 0 or self._trying:
                wait = left if left > 0 else TRIAL_SECONDS
                raise NotAsked(
                    f"{self._service} failed {self._in_a_row} times in a row: it is asked again in {wait:.0f} s.",
                    retry_after=max(wait, 1.0),
                )
            self._trying = True
            return self._answers

    def _note_answer(self) -> None:
        with self._lock:
            self._trying = False
            self._in_a_row = 0
            self._answers += 1

    def _note_failure(self, answers_before: int) -> None:
        with self._lock:
            self._trying = False
            if self._answers > answers_before:
                return
            self._in_a_row += 1
            if self._in_a_row >= self._failures:
                self._open_until = self._now() + self._pause
