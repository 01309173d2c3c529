"""Statements that go to the server together: where none depends on another's answer, one way does for all."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

# SQL and its parameters, as ``QuerySet.query.sql_with_params()`` gives them.
Statement = tuple[str, Sequence[Any]]


def asked_together(statements: Iterable[Statement], before: str = "") -> list[list[tuple[Any, ...]]]:
    """Return the rows that each of ``statements`` gives, as PostgreSQL has them.

    ``before`` are statements without rows, as SET LOCAL, each with its semicolon. Raises what a query does.
    """
    asked = list(statements)
    sql = ";\n".join(sql for sql, _ in asked)
    found = []
    with connection.cursor() as cursor:
        cursor.execute(f"{before}{sql}", [value for _, values in asked for value in values])
        while True:
            if cursor.description:
                found.append(cursor.fetchall())
            if not cursor.nextset():
                return found
