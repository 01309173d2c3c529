"""Locks that all processes share: PostgreSQL's advisory locks, each by a name of its own.

Each belongs to a transaction or a session of the database, so what a killed process held is free at once, and it works
alike whatever the broker is. Names are the text in the call: ``"reconcile"``, ``f"comment {pk}"``. PostgreSQL hashes
them, so two that are unlike may in theory wait for each other, and never fail to.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from django.db import connection

KEY = "hashtextextended('waywo ' || %s, 0)"


def lock_until_commit(name: str, *, shared: bool = False) -> None:
    """Wait for the lock ``name`` and hold it until the current transaction ends.

    Several may hold a ``shared`` one at once; they keep out only those that want it alone.
    """
    kind = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {kind}({KEY})", [name])


def try_lock_until_commit(name: str) -> bool:
    """Hold the lock ``name`` until the current transaction ends, if nobody has it; return whether it is ours."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_xact_lock({KEY})", [name])
        return cursor.fetchone()[0]


@contextmanager
def try_lock(name: str) -> Iterator[bool]:
    """Hold the lock ``name`` over any number of transactions, if nobody has it; give whether it is ours."""
    with connection.cursor() as cursor:
        held = try_lock_session(cursor, name)
    try:
        yield held
    finally:
        # Where the connection was lost the lock is free already.
        if held and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock({KEY})", [name])


def try_lock_session(cursor: Any, name: str) -> bool:
    """Hold the lock ``name`` until the session of ``cursor`` ends, if nobody has it; return whether it is ours."""
    cursor.execute(f"SELECT pg_try_advisory_lock({KEY})", [name])
    return cursor.fetchone()[0]


@contextmanager
def host_slots(address: str, limit: int, wanted: int = 1) -> Iterator[int]:
    """Hold at least 1 and at most ``wanted`` of the ``limit`` slots of the host in ``address``; give how many.

    Waits while others hold all of them. Keep them short: who waits gets the next slot that is given back, and then
    both share. Without an address (the sample needs no network) there is no limit.
    """
    if not address:
        yield wanted
        return
    host = f"waywo host {urlsplit(address).netloc}"
    # From a random start, so that those who wait do not all wait for the same slot.
    start = random.randrange(limit)  # noqa: S311 - no secret
    order = [(start + number) % limit for number in range(limit)]
    held = _take_free(host, order, min(wanted, limit)) or [_wait_for(host, start)]
    try:
        yield len(held)
    finally:
        _give_back(host, held)


def _take_free(host: str, order: list[int], wanted: int) -> list[int]:
    with connection.cursor() as cursor:
        # The row limit stops asking for locks as soon as enough are held.
        cursor.execute(
            "SELECT slot FROM unnest(%s::int[]) AS slot WHERE pg_try_advisory_lock(hashtext(%s), slot) LIMIT %s",
            [order, host, wanted],
        )
        return [slot for (slot,) in cursor.fetchall()]


def _wait_for(host: str, slot: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s), %s)", [host, slot])
    return slot


def _give_back(host: str, held: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(hashtext(%s), slot) FROM unnest(%s::int[]) AS slot", [host, held])
