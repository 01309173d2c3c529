"""The figures of each month and each thread, kept as rows and recomputed only where something changed."""

import logging
import time
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from core.locks import lock_until_commit
from core.progress import Progress, no_progress
from waywo_site.models import Analytics
from waywo_site.operations.analytics_queries import figures_of, source_fingerprints
from waywo_site.operations.periods import MONTHS_BEFORE, Period, all_periods

logger = logging.getLogger(__name__)


def generate_analytics(*, again: bool = False, progress: Progress = no_progress) -> dict[str, Any]:
    """Bring the rows of all months and threads up to date, and return how many were computed.

    A period is computed when its comments or projects changed, or those before it (returning authors, growth and
    projects seen again look back); ``again`` computes all. The rows are the same either way.
    """
    began = time.monotonic()
    with transaction.atomic():
        # Of two at once the second waits, and then finds nothing to do.
        lock_until_commit("analytics")
        periods = all_periods()
        sources = source_fingerprints()
        rows_kept = Analytics.objects.values_list("year", "month", "post_id", "fingerprint")
        known = {(year, month, post_id): fingerprint for year, month, post_id, fingerprint in rows_kept}
        due = [
            (period, fingerprint)
            for period in periods
            if (fingerprint := period.fingerprint(sources)) != known.get(_key(period)) or again
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
