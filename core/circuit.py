"""A breaker between us and a service that is down: after some failures in a row nobody asks it for a while."""

import time
from collections.abc import Callable

from core.http import NotAsked

FAILURES_IN_A_ROW = 5
OPEN_SECONDS = 60.0
# What those wait that come while one call tries whether the service is back.
TRIAL_SECONDS = 5.0


class Circuit:
    """Counts failures in a row. One for each service and process; used from one thread at a time or from several.

    Closed, every call may go. After ``failures`` in a row it is open: calls raise NotAsked for ``pause`` seconds.
    Then a single call tries; it closes the circuit or opens it again. ``now`` is a clock in seconds.
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
        self._in_a_row = 0
        self._open_until = 0.0
        self._trying = False

    def enter(self) -> None:
        """Say that a call begins. Raises NotAsked, with the seconds to wait, while the circuit is open."""
        if self._in_a_row < self._failures:
            return
        left = self._open_until - self._now()
        if left > 0 or self._trying:
            wait = left if left > 0 else TRIAL_SECONDS
            raise NotAsked(
                f"{self._service} failed {self._in_a_row} times in a row: it is asked again in {wait:.0f} s.",
                retry_after=max(wait, 1.0),
            )
        self._trying = True

    def succeeded(self) -> None:
        """Say that the service answered, be it with a refusal."""
        self._in_a_row = 0
        self._trying = False

    def failed(self) -> None:
        """Say that the service did not answer."""
        self._in_a_row += 1
        self._trying = False
        if self._in_a_row >= self._failures:
            self._open_until = self._now() + self._pause

    def left(self) -> None:
        """Say that a call was given up by ourselves, which tells nothing of the service."""
        self._trying = False
