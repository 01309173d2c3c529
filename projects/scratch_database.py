"""A database for a while: made on the configured server, used instead of the operator's, dropped at the end."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection
from psycopg import sql


@contextmanager
def scratch_database(*, migrated: bool = True) -> Iterator[str]:
    """Point this process's connection at a new database, ``migrated`` or empty, and yield its name.

    The operator's database is not touched and is back in place afterwards, also after an error. What must not happen
    inside: a second thread that expects the operator's rows.
    """
    name = f"waywo_scratch_{secrets.token_hex(6)}"
    own = connection.settings_dict["NAME"]
    _on_server("CREATE DATABASE {}", name)
    try:
        _switch_to(name)
        if migrated:
            call_command("migrate", verbosity=0, interactive=False)
        yield name
    finally:
        _switch_to(own)
        _on_server("DROP DATABASE {} WITH (FORCE)", name)


def _switch_to(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name


def _on_server(statement: str, name: str) -> None:
    # Neither statement runs inside a transaction, so it goes over a connection of its own.
    with connection._nodb_cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(sql.Identifier(name)))
