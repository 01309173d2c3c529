"""The queues over a day or a week: how much waited, for how long, and what was done of it, as drawings and a table."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from waywo_site.models import QueueSample, QueueWork
from waywo_site.running import queue_work

SPANS = {"day": timedelta(days=1), "week": timedelta(days=7)}
# So many columns has a drawing, whatever its span: of a column the most is drawn, or all that ended in it.
COLUMNS = 96
WIDTH, HEIGHT = 480, 36


@dataclass(frozen=True)
class Drawing:
    """One measure of a queue: ``path`` is that of an SVG of WIDTH x HEIGHT, ``words`` say the most, or the sum."""

    name: str
    path: str
    words: str


@dataclass(frozen=True)
class QueueHistory:
    """One queue over the span. Waits are in seconds, None where nothing was started."""

    name: str
    drawings: list[Drawing]
    most_waiting: int
    oldest: float | None
    ended: int
    failed: int
    per_minute: float
    wait_p50: float | None
    wait_p95: float | None


def charts(span: str) -> dict[str, Any]:
    """Return what the page shows of the last day, or of the last week with ``span`` "week"."""
    span = span if span in SPANS else "day"
    now = timezone.now()
    histories = _histories(now - SPANS[span], now)
    shown = [one for one in histories if one.ended or one.most_waiting]
    return {
        "span": span,
        "spans": list(SPANS),
        "queues": shown,
        "idle": len(histories) - len(shown),
        "width": WIDTH,
        "height": HEIGHT,
    }


def _histories(first: datetime, last: datetime) -> list[QueueHistory]:
    samples: dict[str, list[tuple[datetime, int, float | None]]] = {}
    rows = QueueSample.objects.filter(measured_at__gt=first, measured_at__lte=last).order_by("measured_at")
    for queue, at, waiting, oldest in rows.values_list("queue", "measured_at", "waiting", "oldest_seconds"):
        samples.setdefault(queue, []).append((at, waiting, oldest))
    work: dict[str, list[QueueWork]] = {}
    for row in QueueWork.objects.filter(since__gt=first, since__lte=last).order_by("since"):
        work.setdefault(row.queue, []).append(row)
    names = settings.QUEUE_TIME_LIMITS
    return [_history(name, samples.get(name, []), work.get(name, []), first, last) for name in names]


def _history(
    name: str, samples: list[tuple[datetime, int, float | None]], work: list[QueueWork], first: datetime, last: datetime
) -> QueueHistory:
    def column(moment: datetime) -> int:
        return min(COLUMNS - 1, int(COLUMNS * (moment - first) / (last - first)))

    waiting = _columns(((column(at), depth) for at, depth, _ in samples), max)
    oldest = _columns(((column(at), age or 0) for at, _, age in samples), max)
    ended = _columns(((column(row.since), row.ended) for row in work), lambda a, b: a + b)
    total, failed = sum(row.ended for row in work), sum(row.failed for row in work)
    waits = [0] * (len(queue_work.BOUNDS) + 1)
    for row in work:
        waits = queue_work.added(waits, row.waits)
    p50, p95 = (queue_work.percentile(waits, share) for share in (0.5, 0.95))
    most, eldest = int(max(waiting)), max(oldest)
    return QueueHistory(
        name=name,
        drawings=[
            Drawing("waiting", _path(waiting), f"at most {most:,} waiting"),
            Drawing("oldest", _path(oldest), f"the oldest for at most {in_words(eldest)}"),
            Drawing("ended", _path(ended), f"{total:,} ended" + (f", {failed:,} failed" if failed else "")),
        ],
        most_waiting=most,
        oldest=eldest or None,
        ended=total,
        failed=failed,
        per_minute=60 * total / (last - first).total_seconds(),
        wait_p50=p50,
        wait_p95=p95,
    )


def _columns(values: Iterable[tuple[int, float]], together: Callable[[float, float], float]) -> list[float]:
    found = [0.0] * COLUMNS
    for place, value in values:
        found[place] = together(found[place], value)
    return found


def _path(values: list[float]) -> str:
    """Return an SVG path of columns that stand side by side, the highest over the whole height."""
    most, width = max(values) or 1, WIDTH / COLUMNS
    return "".join(
        f"M{place * width:.1f} {HEIGHT}v-{max(1, HEIGHT * value / most):.1f}h{width - 0.5:.1f}V{HEIGHT}z"
        for place, value in enumerate(values)
        if value
    )


def in_words(seconds: float) -> str:
    """Return a time that something waited: 0.3 s, 12 s, 5 min, 3 h."""
    if seconds < 90:
        return f"{seconds:.1f} s" if 0 < seconds < 3 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"
