"""Counts what this worker process does of each queue: tasks that ended, and how long they had waited for their start.

A task only adds to counters of its process; a thread writes them every few seconds, so that the work pays nothing. What
a killed process had not written is lost: these are statistics. Housekeeping is left out.
"""

import logging
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from celery.states import FAILURE, SUCCESS
from django.conf import settings
from django.db import Error, connection, transaction
from django.utils import timezone

from waywo_site.embedded import EmbeddedError
from waywo_site.logs import HOUSEKEEPING, MONITORING
from waywo_site.models import QueueWork

logger = logging.getLogger(__name__)

SPAN = timedelta(minutes=5)
WRITE_AFTER = 10.0  # s
# Up to how many seconds a start had waited; the last of the counts is of those that waited for longer.
BOUNDS = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000)
ADD = """
INSERT INTO waywo_site_queuework AS kept (queue, since, ended, failed, waits) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (queue, since) DO UPDATE SET
    ended = kept.ended + excluded.ended,
    failed = kept.failed + excluded.failed,
    waits = (SELECT array_agg(coalesce(old, 0) + coalesce(new, 0) ORDER BY place)
             FROM unnest(kept.waits, excluded.waits) WITH ORDINALITY AS both_of(old, new, place))
"""


class _Counts:
    """The counts of one queue in five minutes."""

    def __init__(self) -> None:
        self.ended, self.failed = 0, 0
        self.waits = [0] * (len(BOUNDS) + 1)

    def add(self, other: "_Counts") -> None:
        self.ended += other.ended
        self.failed += other.failed
        self.waits = added(self.waits, other.waits)


_counts: dict[tuple[str, datetime], _Counts] = {}
_lock = threading.Lock()
_timer: threading.Timer | None = None


def note_start(task_name: str, request: Any) -> None:
    """Note how long a task waited for its start; what was tried, delayed or handed on before tells nothing of that."""
    info, sent_at = request.delivery_info or {}, getattr(request, "sent_at", None)
    if not sent_at or request.retries or request.eta or info.get("redelivered"):
        return
    waited = max(0.0, timezone.now().timestamp() - float(sent_at))
    place = next((place for place, bound in enumerate(BOUNDS) if waited <= bound), len(BOUNDS))

    def add(counts: _Counts) -> None:
        counts.waits[place] += 1

    _add(task_name, info, add)


def note_end(task_name: str, request: Any, state: str | None) -> None:
    """Note that a task ended, well or not; what is tried again has not."""
    if state not in (SUCCESS, FAILURE):
        return

    def add(counts: _Counts) -> None:
        counts.ended += 1
        counts.failed += state == FAILURE

    _add(task_name, request.delivery_info or {}, add)


def _add(task_name: str, delivery_info: dict[str, Any], add: Any) -> None:
    global _timer
    queue = delivery_info.get("routing_key")
    if queue not in settings.QUEUE_TIME_LIMITS or task_name in HOUSEKEEPING or task_name in MONITORING:
        return
    with _lock:
        add(_counts.setdefault((queue, slot(timezone.now())), _Counts()))
        if _timer is None:
            _timer = threading.Timer(WRITE_AFTER, write)
            _timer.daemon = True
            _timer.start()


def slot(moment: datetime) -> datetime:
    """Return when the five minutes began in which ``moment`` is."""
    return datetime.fromtimestamp(moment.timestamp() // SPAN.total_seconds() * SPAN.total_seconds(), moment.tzinfo)


def write() -> None:
    """Write what was counted since the last time; where the database is away it is kept for the next time."""
    global _timer
    with _lock:
        taken, _timer = dict(_counts), None
        _counts.clear()
    if not taken:
        return
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # In one order, as by the other processes: nobody waits for another's row in a circle.
            for (queue, since), counts in sorted(taken.items(), key=lambda one: one[0]):
                cursor.execute(ADD, [queue, since, counts.ended, counts.failed, counts.waits])
    except (Error, EmbeddedError) as error:
        logger.warning("The work of the queues could not be counted yet: %s", error)
        with _lock:
            for key, counts in taken.items():
                _counts.setdefault(key, _Counts()).add(counts)
    finally:
        if threading.current_thread() is not threading.main_thread():
            connection.close()


def last_hour() -> list[QueueWork]:
    """Return the work of each queue that had any in the last hour, as a row that is not saved."""
    found: dict[str, QueueWork] = {}
    for row in QueueWork.objects.filter(since__gt=timezone.now() - timedelta(hours=1)).order_by("queue"):
        if (sums := found.setdefault(row.queue, row)) is not row:
            sums.ended, sums.failed = sums.ended + row.ended, sums.failed + row.failed
            sums.waits = added(sums.waits, row.waits)
    return list(found.values())


def added(one: Sequence[int], other: Sequence[int]) -> list[int]:
    """Return the sums of two counts by BOUNDS."""
    return [a + b for a, b in zip(one, other, strict=True)]


def percentile(waits: Sequence[int], share: float) -> float | None:
    """Return up to how many seconds ``share`` of the starts had waited, by their counts; None without any."""
    total, passed, lower = sum(waits), 0, 0.0
    for count, bound in zip(waits, (*BOUNDS, BOUNDS[-1]), strict=True):
        if count and passed + count >= share * total:
            return lower + (bound - lower) * (share * total - passed) / count
        passed, lower = passed + count, bound
    return None
