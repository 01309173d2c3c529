"""Counts in this process how each endpoint of a source answers, until comments/source_health.py writes it down."""

import threading
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

from core.http import in_short

# A source, one of its endpoints, and the beginning of an hour (UTC).
Key = tuple[str, str, datetime]


@dataclass
class Count:
    """What ``SourceHour`` keeps, of this process alone."""

    asked: int = 0
    failed: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    last_error: str = ""
    last_error_at: datetime | None = None
    last_answer_at: datetime | None = None


class Tally:
    """Counts by source, endpoint and hour. Safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: defaultdict[Key, Count] = defaultdict(Count)

    def note(self, source: str, endpoint: str, seconds: float, error: Exception | None = None) -> None:
        """Count one request that ended now: how long it took, and what went wrong."""
        now = datetime.now(UTC)
        with self._lock:
            count = self._counts[source, endpoint, now.replace(minute=0, second=0, microsecond=0)]
            count.asked += 1
            if error is not None:
                count.failed += 1
                count.last_error, count.last_error_at = in_short(error), now
                return
            count.seconds += seconds
            count.slowest = max(count.slowest, seconds)
            count.last_answer_at = now

    def take(self) -> dict[Key, Count]:
        """Return what was counted since this was last asked."""
        with self._lock:
            counts, self._counts = dict(self._counts), defaultdict(Count)
            return counts


tally = Tally()
