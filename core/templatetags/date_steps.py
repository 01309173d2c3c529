"""The years, months and days above a list of the admin."""

from copy import copy
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.contrib.admin.templatetags.admin_list import date_hierarchy
from django.contrib.admin.views.main import ChangeList
from django.db.models import Max, Min, QuerySet, Value
from django.utils import timezone

register = template.Library()


class _Rows:
    """The rows of a list, for Django's function: of which dates there are any is looked up in the index, not in all."""

    def __init__(self, rows: QuerySet[Any]) -> None:
        self.rows = rows.order_by()

    def aggregate(self, **found: Any) -> dict[str, Any]:
        return self.rows.aggregate(**found)

    def datetimes(self, name: str, kind: str) -> list[datetime]:
        """Return the beginnings of the years, months or days of which there are rows."""
        ends = self.rows.aggregate(first=Min(name), last=Max(name))
        if ends["first"] is None:
            return []
        starts = [_start(ends["first"], kind)]
        while (following := _following(starts[-1], kind)) <= ends["last"]:
            starts.append(following)
        # One query looks for a row of each; in order, for PostgreSQL would read the table from its beginning otherwise.
        looks = [
            self.rows.filter(**{f"{name}__gte": start, f"{name}__lt": _following(start, kind)})
            .order_by(name)
            .values_list(Value(place), flat=True)[:1]
            for place, start in enumerate(starts)
        ]
        return [starts[place] for place in sorted(looks[0].union(*looks[1:], all=True))]


def _start(moment: datetime, kind: str) -> datetime:
    """Return when the year, month or day of ``moment`` began here."""
    start = timezone.localtime(moment).replace(hour=0, minute=0, second=0, microsecond=0)
    month, day = {"year": (1, 1), "month": (start.month, 1), "day": (start.month, start.day)}[kind]
    return start.replace(month=month, day=day)


def _following(start: datetime, kind: str) -> datetime:
    """Return when the next year, month or day begins."""
    return _start(start + timedelta(days={"year": 366, "month": 31, "day": 1}[kind]), kind)


@register.inclusion_tag("admin/date_hierarchy.html")
def date_steps(cl: ChangeList) -> dict[str, Any]:
    """Show Django's steps from years to days; it would read all rows for them."""
    shown = copy(cl)
    shown.queryset = _Rows(cl.queryset)
    return date_hierarchy(shown) or {}
