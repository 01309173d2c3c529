"""What readings cost and how their answers were, by analyst and version of the prompt."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Avg, Count, F, Q, Sum
from django.utils import timezone

from projects.models import UNSURE_BELOW, Extraction

DAYS = 30
MOST = 20

MENDED = """
SELECT analyst, prompt_version, kind, sum(times::int)
FROM projects_extraction, jsonb_each_text(mended) AS counted(kind, times)
WHERE started_at > %s AND mended <> '{}' GROUP BY analyst, prompt_version, kind ORDER BY 4 DESC, 3
"""


@dataclass(frozen=True)
class ReadingCost:
    """The readings of one analyst with one version of its prompt.

    ``asked_again`` counts answers that did not fit, ``cached`` those that cost no call, ``mended`` what was mended by
    kind. ``seconds`` is the mean for one comment; ``cost`` None where no price is known.
    """

    analyst: str
    prompt_version: int
    readings: int
    failed: int
    partial: int
    unsure: int
    calls: int
    cached: int
    asked_again: int
    tokens_in: int
    tokens_out: int
    seconds: float
    cost: float | None
    mended: dict[str, int] = field(default_factory=dict)

    @property
    def mended_total(self) -> int:
        """How much was mended, of all kinds."""
        return sum(self.mended.values())


def reading_costs(days: int = DAYS) -> list[ReadingCost]:
    """Return the costs of the last ``days``, the analyst with the most readings first."""
    since = timezone.now() - timedelta(days=days)
    status = Extraction.Status
    rows = (
        Extraction.objects.filter(started_at__gt=since)
        .order_by()
        .values("analyst", "prompt_version")
        .annotate(
            readings=Count("pk"),
            failed=Count("pk", filter=Q(status=status.FAILED)),
            partial=Count("pk", filter=Q(status=status.PARTIAL)),
            unsure=Count("pk", filter=Q(confidence__lt=UNSURE_BELOW)),
            calls=Sum("llm_calls"),
            cached=Sum("calls_cached"),
            again=Sum("asked_again"),
            into=Sum("tokens_in"),
            out=Sum("tokens_out"),
            took=Avg(F("finished_at") - F("started_at")),
        )
        .order_by("-readings", "analyst", "-prompt_version")[:MOST]
    )
    mended = _mended(since)
    return [
        ReadingCost(
            analyst=row["analyst"],
            prompt_version=row["prompt_version"],
            readings=row["readings"],
            failed=row["failed"],
            partial=row["partial"],
            unsure=row["unsure"],
            calls=row["calls"],
            cached=row["cached"],
            asked_again=row["again"],
            tokens_in=row["into"],
            tokens_out=row["out"],
            seconds=row["took"].total_seconds() if row["took"] else 0.0,
            cost=cost_of(row["analyst"], row["into"], row["out"]),
            mended=mended.get((row["analyst"], row["prompt_version"]), {}),
        )
        for row in rows
    ]


def cost_of(analyst: str, tokens_in: int, tokens_out: int) -> float | None:
    """Return what tokens of ``analyst`` cost by LLM_PRICE_IN and LLM_PRICE_OUT; None for another than LLM_MODEL.

    The prices are those of the model that is set now: what another one cost is not known.
    """
    if analyst != settings.LLM_MODEL or (settings.LLM_PRICE_IN is None and settings.LLM_PRICE_OUT is None):
        return None
    price = tokens_in * (settings.LLM_PRICE_IN or 0) + tokens_out * (settings.LLM_PRICE_OUT or 0)
    return round(price / 1_000_000, 6)


def _mended(since: Any) -> dict[tuple[str, int], dict[str, int]]:
    found: dict[tuple[str, int], dict[str, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(MENDED, [since])
        for analyst, version, kind, times in cursor.fetchall():
            found.setdefault((analyst, version), {})[kind] = times
    return found
