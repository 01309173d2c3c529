"""How many rows a list has, roughly where counting them all would be slow, and which values a column has."""

import json
from typing import Any

from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Model, QuerySet
from django.utils.functional import cached_property

# So many rows are counted one by one: a few milliseconds.
EXACT_UP_TO = 10_000
# So many times as many pages as were expected may be asked for.
FURTHER = 10


class EstimatingPaginator(Paginator):  # type: ignore[type-arg]  # Django's takes none at run time
    """Counts up to EXACT_UP_TO rows; how many more there are is what PostgreSQL expects of the query.

    Asked for the last page by that number, or for one behind it, it looks whether rows are there and more follow.
    """

    # What Unfold shows below a list.
    template_name = "core/pagination.html"

    @cached_property
    def count(self) -> int:
        """How many rows there are, or are expected."""
        return self._counted[0]

    @cached_property
    def is_estimate(self) -> bool:
        """Whether ``count`` is what is expected."""
        return self._counted[1]

    @cached_property
    def _counted(self) -> tuple[int, bool]:
        if not isinstance(self.object_list, QuerySet):
            return super().count, False
        rows = self.object_list.order_by().values("pk")
        counted = rows[: EXACT_UP_TO + 1].count()
        return (max(counted, expected(rows)), True) if counted > EXACT_UP_TO else (counted, False)

    @property
    def count_in_words(self) -> str:
        """How many rows there are, said so that an estimate is not taken for a count: 9,312 or about 1,020,000."""
        if not self.is_estimate:
            return f"{self.count:,}"
        if self.count == EXACT_UP_TO + 1:
            return f"more than {EXACT_UP_TO:,}"
        return f"about {int(float(f'{self.count:.3g}')):,}"

    def validate_number(self, number: Any) -> int:
        """Return the number of a page. Raises InvalidPage for one that there is not; by an estimate it may be empty."""
        if self.is_estimate and str(number).isdecimal() and self.num_pages <= int(number) <= FURTHER * self.num_pages:
            self._look_at(int(number))
        return super().validate_number(number)

    def _look_at(self, number: int) -> None:
        """Correct the estimate by the rows of a page from the last expected one on."""
        before = (number - 1) * self.per_page
        rows: Any = self.object_list
        found = rows.order_by().values("pk")[before : before + self.per_page + 1].count()
        if found:
            self.is_estimate = found > self.per_page
            self.count = before + found
            del self.num_pages


def expected(rows: QuerySet[Any, Any]) -> int:
    """Return how many rows PostgreSQL expects of a query, by its statistics: it reads none of them."""
    return int(json.loads(rows.explain(format="json"))[0]["Plan"]["Plan Rows"])


def values_of(model: type[Model], column: str) -> list[Any]:
    """Return the values that ``column`` of ``model`` has, in order, None last: a look at its index for each.

    For a column with an index that begins with it and few values; DISTINCT would read all rows.
    """
    table, name = (connection.ops.quote_name(each) for each in (model._meta.db_table, column))
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE found (value) AS ("
            f"(SELECT {name} FROM {table} WHERE {name} IS NOT NULL ORDER BY {name} LIMIT 1) UNION ALL "
            f"SELECT (SELECT {name} FROM {table} WHERE {name} > found.value ORDER BY {name} LIMIT 1) "
            f"FROM found WHERE found.value IS NOT NULL) "
            f"SELECT value FROM found WHERE value IS NOT NULL "
            f"UNION ALL (SELECT NULL FROM {table} WHERE {name} IS NULL LIMIT 1)"
        )
        return [value for (value,) in cursor.fetchall()]
