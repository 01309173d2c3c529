"""How the sources answered, by endpoint, over a day and a week: written down by the hour, and summed up."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import Error, connection, transaction
from django.utils import timezone

from comments.models import SourceHour
from comments.sources.tally import Count, Key, tally

logger = logging.getLogger(__name__)

# Of the hour before this one too: this one may have just begun.
NOW, DAY, WEEK = timedelta(hours=2), timedelta(days=1), timedelta(days=7)
TABLE = SourceHour._meta.db_table
# One statement for each row: of several processes at once none waits for long, and nothing is lost.
WRITE = f"""
    INSERT INTO {TABLE} AS kept
        (source, endpoint, hour, asked, failed, seconds, slowest, last_error, last_error_at, last_answer_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (source, endpoint, hour) DO UPDATE SET
        asked = kept.asked + excluded.asked,
        failed = kept.failed + excluded.failed,
        seconds = kept.seconds + excluded.seconds,
        slowest = greatest(kept.slowest, excluded.slowest),
        last_error = coalesce(nullif(excluded.last_error, ''), kept.last_error),
        last_error_at = greatest(kept.last_error_at, excluded.last_error_at),
        last_answer_at = greatest(kept.last_answer_at, excluded.last_answer_at)
"""


@dataclass(frozen=True)
class Rate:
    """Requests over a span of time. ``success`` is a share; it and the delays (seconds) are None without any."""

    asked: int
    failed: int
    success: float | None
    mean_seconds: float | None
    slowest_seconds: float | None

    @property
    def percent(self) -> str:
        """The share that was answered, in percent; 100 only where all were."""
        if self.success is None:
            return "–"
        return "100" if not self.failed else f"{min(100 * self.success, 99.9):.1f}"


@dataclass(frozen=True)
class EndpointHealth:
    """How one endpoint of a source answered: in the last two hours (``now``), a day and a week.

    ``last_error`` is the newest of the week.
    """

    source: str
    endpoint: str
    now: Rate
    day: Rate
    week: Rate
    last_error: str
    last_error_at: datetime | None
    last_answer_at: datetime | None

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form, times in ISO 8601."""
        row = asdict(self)
        for name in ("last_error_at", "last_answer_at"):
            row[name] = row[name].isoformat() if row[name] else None
        return row


@contextmanager
def counted() -> Iterator[None]:
    """Write down at the end how the sources answered what was asked inside."""
    try:
        yield
    finally:
        write_down()


def write_down() -> None:
    """Write what this process counted. Where the database is away that is said in the log, and the counts are lost."""
    counts = tally.take()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for key, count in sorted(counts.items()):
                cursor.execute(WRITE, _values(key, count))
    except Error as error:
        logger.warning("How the sources answered could not be written down: %s", error)


def _values(key: Key, count: Count) -> tuple[Any, ...]:
    return (*key, *vars(count).values())


def source_health(now: datetime | None = None) -> list[EndpointHealth]:
    """Return each endpoint that was asked in the last week, by source and name."""
    now = now or timezone.now()
    rows: dict[tuple[str, str], list[SourceHour]] = {}
    for row in SourceHour.objects.filter(hour__gt=now - WEEK).order_by("source", "endpoint", "hour"):
        rows.setdefault((row.source, row.endpoint), []).append(row)
    return [_summed_up(*named, hours, now) for named, hours in rows.items()]


def _summed_up(source: str, endpoint: str, hours: list[SourceHour], now: datetime) -> EndpointHealth:
    # Hours come in their order, so the last one with an error has the newest.
    last_error, last_error_at = "", None
    for row in hours:
        if row.last_error_at:
            last_error, last_error_at = row.last_error, row.last_error_at
    return EndpointHealth(
        source,
        endpoint,
        rate_of([row for row in hours if row.hour > now - NOW]),
        rate_of([row for row in hours if row.hour > now - DAY]),
        rate_of(hours),
        last_error,
        last_error_at,
        max((row.last_answer_at for row in hours if row.last_answer_at), default=None),
    )


def rate_of(hours: list[SourceHour]) -> Rate:
    """Return the rate over these hours."""
    asked, failed = sum(row.asked for row in hours), sum(row.failed for row in hours)
    answered = asked - failed
    return Rate(
        asked,
        failed,
        answered / asked if asked else None,
        sum(row.seconds for row in hours) / answered if answered else None,
        max(row.slowest for row in hours) if answered else None,
    )
