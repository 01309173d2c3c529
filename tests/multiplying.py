"""Many rows at the price of one: PostgreSQL writes them itself."""

from django.db import connection, models


def multiply(model: type[models.Model], rows: int, **changed: str) -> None:
    """Write the first row of ``model`` so many times more, each with the columns ``changed``: SQL with its number n."""
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    columns = [field.column for field in fields if not field.primary_key or field.column in changed]
    table = connection.ops.quote_name(model._meta.db_table)
    values = ", ".join(changed.get(column, f'one."{column}"') for column in columns)
    named = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({named}) SELECT {values} "
            f"FROM (SELECT * FROM {table} LIMIT 1) AS one, generate_series(1, {rows}) AS n"
        )
