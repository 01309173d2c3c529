"""How PostgreSQL would run a statement: whether a search goes over its index."""

from django.db import connection


def use_the_index() -> None:
    """Keep the planner of the test's transaction from sorting all rows, as it would rightly do with so few."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")


def plan_of(statement: str) -> str:
    """Return the plan of a statement as Django logged it."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + statement.replace("%", "%%"))
        return "\n".join(line for (line,) in cursor.fetchall())


def plans_of_likeness(queries: list[dict[str, str]]) -> list[str]:
    """Return the plans of those of ``queries`` that compare embeddings."""
    return [plan_of(query["sql"]) for query in queries if "<=>" in query["sql"]]
