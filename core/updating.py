"""Updates that do more in their one statement than Django's own, which tell how many rows they changed."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import connections
from django.db.models import Model, QuerySet
from django.db.models.sql import UpdateQuery

from core.locks import Lock

M = TypeVar("M", bound=Model)


def update_returning(rows: QuerySet[M], **values: Any) -> list[M]:
    """Update ``rows`` as ``QuerySet.update`` does, and return them as they are then."""
    statement, parameters = _update(rows, values)
    quoted = connections[rows.db].ops.quote_name
    columns = ", ".join(quoted(field.column) for field in rows.model._meta.concrete_fields)
    found = rows.model._base_manager.using(rows.db).raw(f"{statement} RETURNING {columns}", parameters)
    return list(found)


def update_and_lock(rows: QuerySet[M], locks: Sequence[Lock], **values: Any) -> int:
    """Update ``rows`` as ``QuerySet.update`` does, and where there are any hold ``locks`` until the current transaction
    ends. Return how many rows there were."""
    statement, parameters = _update(rows, values)
    taken = ", ".join(lock.until_commit for lock in locks)
    with connections[rows.db].cursor() as cursor:
        cursor.execute(f"{statement} RETURNING {taken}", [*parameters, *(lock.name for lock in locks)])
        return len(cursor.fetchall())


def _update(rows: QuerySet[M], values: dict[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """Return the statement of ``rows.update(**values)``, whose rows must be of one table, and its parameters."""
    query: Any = rows.query.chain(UpdateQuery)  # django-stubs leaves the class out
    query.add_update_values(values)
    query.clear_ordering(force=True)
    query.clear_select_clause()
    statement, parameters = query.get_compiler(rows.db).as_sql()
    return statement, parameters
