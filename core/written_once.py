"""Parts of statements that are written once a process: for Django to write one takes longer than to run it."""

from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL


def written_once(rows: QuerySet[Any]) -> RawSQL:
    """Return ``rows``, a query of one column that depends on nothing outside of it, as an expression for ``…__in``.

    It says what the query says now: nothing in it may depend on a setting, on who asks or on the time.
    """
    return RawSQL(*rows.order_by().query.sql_with_params())  # noqa: S611 - Django wrote it
