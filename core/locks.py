"""One limit on requests per host, shared by all worker processes: slots held as advisory locks of PostgreSQL.

The locks belong to the database session, so what a killed worker held is free at once. PostgreSQL is there whatever
the broker is.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.db import connection


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
