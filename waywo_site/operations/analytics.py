"""The figures of each month and each thread, kept as rows and computed anew only where something changed."""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from comments.models import Post
from waywo_site.operations.analytics_queries import figures_of, source_fingerprints
from waywo_site.operations.models import Analytics

logger = logging.getLogger(__name__)

# Raised when a figure is computed otherwise, so that every row is computed anew.
VERSION = 2
LOCK = 7_301_003
MONTHS_BEFORE = 3

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Period:
    """A month (``post_id`` None) or a thread: its threads, those before it, and those of the 3 months before."""

    year: int
    month: int
    post_id: int | None
    posts: tuple[int, ...]
    earlier: tuple[int, ...]
    months_before: tuple[int, ...]

    def fingerprint(self, sources: dict[int, str]) -> str:
        """Return a hash of all that its figures come from: what is equal has equal figures."""
        content = [[[post, sources.get(post, "")] for post in posts] for posts in (self.posts, self.earlier)]
        return hashlib.sha256(json.dumps([VERSION, self.months_before, content]).encode()).hexdigest()


def generate_analytics(*, anew: bool = False, progress: Progress = lambda *_: None) -> dict[str, Any]:
    """Bring the rows of all months and threads up to date, and return how many were computed.

    A period is computed when its comments or projects changed, or those before it (returning authors, growth and
    projects seen again look back); ``anew`` computes all. The rows are the same either way.
    """
    began = time.monotonic()
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Of two at once the second waits, and then finds nothing to do.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        periods = all_periods()
        sources = source_fingerprints()
        rows_kept = Analytics.objects.values_list("year", "month", "post_id", "fingerprint")
        known = {(year, month, post_id): fingerprint for year, month, post_id, fingerprint in rows_kept}
        due = [
            (period, fingerprint)
            for period in periods
            if (fingerprint := period.fingerprint(sources)) != known.get(_key(period)) or anew
        ]
        rows = _rows(due, progress) if due else []
        removed = _save(rows, periods)
    seconds = round(time.monotonic() - began, 2)
    logger.info("analytics are up to date", extra={"computed": len(rows), "seconds": seconds})
    return {
        "status": "success",
        "periods": len(periods),
        "computed": len(rows),
        "unchanged": len(periods) - len(rows),
        "removed": removed,
        "seconds": seconds,
    }


def all_periods() -> list[Period]:
    """Return every month that has a thread, and every thread, oldest first."""
    posts = list(Post.objects.visible().order_by("year", "month", "posted_at", "id").values_list("id", "year", "month"))
    periods: list[Period] = []
    for place, (post_id, year, month) in enumerate(posts):
        before = _of_months(posts, {_months_back(year, month, back) for back in range(1, MONTHS_BEFORE + 1)})
        earlier = tuple(key for key, *_ in posts[:place])
        periods.append(Period(year, month, post_id, (post_id,), earlier, before))
        if not place or posts[place - 1][1:] != (year, month):
            own = _of_months(posts, {(year, month)})
            periods.append(Period(year, month, None, own, earlier, before))
    return periods


def _of_months(posts: list[tuple[int, int, int]], months: set[tuple[int, int]]) -> tuple[int, ...]:
    return tuple(key for key, *month in posts if tuple(month) in months)


def _months_back(year: int, month: int, back: int) -> tuple[int, int]:
    years, rest = divmod(year * 12 + month - 1 - back, 12)
    return years, rest + 1


def _key(period: Period) -> tuple[int, int, int | None]:
    return period.year, period.month, period.post_id


def _rows(due: list[tuple[Period, str]], progress: Progress) -> list[Analytics]:
    now = timezone.now()
    found = figures_of([period for period, _ in due], MONTHS_BEFORE, progress)
    return [
        Analytics(
            year=period.year,
            month=period.month,
            post_id=period.post_id,
            fingerprint=fingerprint,
            computed_at=now,
            **figures,
        )
        for (period, fingerprint), figures in zip(due, found, strict=True)
    ]


def _save(rows: Iterable[Analytics], periods: list[Period]) -> int:
    """Put the rows in the place of older ones, remove those of periods that are gone; return how many those were."""
    kept = {_key(period) for period in periods}
    existing = {tuple(key): pk for pk, *key in Analytics.objects.values_list("pk", "year", "month", "post_id")}
    gone = [pk for key, pk in existing.items() if key not in kept]
    replaced = [pk for row in rows if (pk := existing.get((row.year, row.month, row.post_id)))]
    Analytics.objects.filter(pk__in=gone + replaced).delete()
    Analytics.objects.bulk_create(rows)
    return len(gone)
