"""Groups the comments that could not be read, or not wholly, by what went wrong."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, Count, F, Func, Max, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import MD5, Left

from comments.models import Comment

LENGTH = 240
# What differs between two failures of one kind: addresses, long hexadecimal ids, numbers.
VARYING = ((r"https?://\S+", "(address)"), (r"\m(0x)?[0-9a-f]{8,}(-[0-9a-f]{4,})*\M", "(id)"), (r"\d+", "N"))


@dataclass(frozen=True)
class FailureGroup:
    """The comments whose reading failed, or lost a project, for one reason.

    ``key`` names the group; ``newest`` is its latest comment's date.
    """

    key: str
    error: str
    count: int
    newest: datetime
    example_id: int


def failure_groups(limit: int = 50) -> list[FailureGroup]:
    """Return the ``limit`` largest groups of comments that were not wholly read, the largest first."""
    rows = (
        _grouped()
        .order_by()
        .values("group_key", "group_error")
        .annotate(count=Count("pk"), newest=Max("posted_at"), example_id=Max("pk"))
        .order_by("-count", "group_error")[:limit]
    )
    return [
        FailureGroup(row["group_key"], row["group_error"], row["count"], row["newest"], row["example_id"])
        for row in rows
    ]


def failed_with(key: str) -> QuerySet[Comment]:
    """Return the comments of one group."""
    found: QuerySet[Comment] = _grouped().filter(group_key=key)
    return found


def _grouped() -> Any:
    """Return them with ``group_error``, the error without what varies, and ``group_key``."""
    error: Combinable = F("last_error")
    for pattern, stand_in in VARYING:
        error = Func(
            error, Value(pattern), Value(stand_in), Value("g"), function="regexp_replace", output_field=CharField()
        )
    short = Comment.objects.fell_short()
    return short.annotate(group_error=Left(error, LENGTH)).annotate(group_key=MD5("group_error"))
