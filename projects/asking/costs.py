"""What questions cost and what became of them, by day: for the operator."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from projects.asking.models import Question
from projects.reading_costs import cost_of

DAYS = 14


@dataclass(frozen=True)
class Day:
    """The questions of a day (UTC). ``cost`` is None where no price is known."""

    day: date
    questions: int
    nothing: int
    failed: int
    calls: int
    tokens_in: int
    tokens_out: int
    cost: float | None

    @property
    def tokens(self) -> int:
        """Those that were sent and those that came back."""
        return self.tokens_in + self.tokens_out


def costs_by_day(days: int = DAYS) -> list[Day]:
    """Return the last ``days`` on which something was asked, newest first. Older ones than 30 are deleted."""
    first = timezone.now().astimezone(UTC).date() - timedelta(days=days - 1)
    status = Question.Status
    rows = (
        Question.objects.filter(created_at__gte=datetime.combine(first, time.min, UTC))
        .annotate(day=TruncDate("created_at", tzinfo=UTC))
        .order_by()
        .values("day")
        .annotate(
            questions=Count("pk"),
            nothing=Count("pk", filter=Q(status=status.NOTHING)),
            failed=Count("pk", filter=Q(status=status.FAILED)),
            calls=Sum("calls"),
            into=Sum("tokens_in"),
            out=Sum("tokens_out"),
        )
        .order_by("-day")
    )
    return [
        Day(
            day=row["day"],
            questions=row["questions"],
            nothing=row["nothing"],
            failed=row["failed"],
            calls=row["calls"],
            tokens_in=row["into"],
            tokens_out=row["out"],
            cost=cost_of(settings.LLM_MODEL, row["into"], row["out"]),
        )
        for row in rows
    ]
