"""Locks that all processes share: PostgreSQL's advisory locks, each by a name of its own.

Each belongs to a transaction or a session of the database, so what a killed process held is free at once, and it works
alike whatever the broker is. Names are the text in the call: ``"reconcile"``, ``f"comment {pk}"``. PostgreSQL hashes
them, so two that are unlike may in theory wait for each other, and never fail to.

How many requests a host gets at once is a matter of such locks too, its slots: ``host_slots`` for code that waits,
``LoopLocks`` for an event loop.
"""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections

KEY = "hashtextextended('waywo ' || %s, 0)"
NAMED = KEY % "name"


@dataclass(frozen=True)
class Lock:
    """A lock by its name. Several may hold a ``shared`` one at once; they keep out only those that want it alone."""

    name: str
    shared: bool = False

    @property
    def until_commit(self) -> str:
        """The expression, with the name as its parameter, that waits for it and holds it until the transaction ends."""
        return f"pg_advisory_xact_lock{'_shared' if self.shared else ''}({KEY})"


def lock_until_commit(name: str, *, shared: bool = False) -> None:
    """Wait for the lock ``name``, which may be ``shared``, and hold it until the current transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {Lock(name, shared).until_commit}", [name])


def try_lock_until_commit(name: str) -> bool:
    """Hold the lock ``name`` until the current transaction ends, if nobody has it; return whether it is ours."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_xact_lock({KEY})", [name])
        return bool(cursor.fetchone()[0])


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
    return bool(cursor.fetchone()[0])


@contextmanager
def host_slots(address: str, limit: int, wanted: int = 1) -> Iterator[int]:
    """Hold at least 1 and at most ``wanted`` of the ``limit`` slots of the host in ``address``; give how many.

    Waits while others hold all of them. Keep them short: who waits gets the next slot that is given back, and then
    both share. Without an address (the sample needs no network) there is no limit.
    """
    if not address:
        yield wanted
        return
    slots = [slot_of(urlsplit(address).netloc, number) for number in range(limit)]
    # So that those who wait do not all wait for the same slot.
    random.shuffle(slots)
    held = _take_free(slots, min(wanted, limit)) or [_wait_for(slots[0])]
    try:
        yield len(held)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_unlock({NAMED}) FROM unnest(%s::text[]) AS name", [held])


def slot_of(host: str, number: int = 0) -> str:
    """Return the lock that is one of the slots of ``host`` (with its port): who holds it may have a request there."""
    return f"host {host} {number}"


def _take_free(slots: list[str], wanted: int) -> list[str]:
    with connection.cursor() as cursor:
        # The row limit stops asking for locks as soon as enough are held.
        cursor.execute(
            f"SELECT name FROM unnest(%s::text[]) AS name WHERE pg_try_advisory_lock({NAMED}) LIMIT %s", [slots, wanted]
        )
        return [slot for (slot,) in cursor.fetchall()]


def _wait_for(slot: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_lock({KEY})", [slot])
    return slot


class NotFree(Exception):
    """What one wanted to hold is not to be had in time; the message says why."""


class LoopLocks:
    """Locks for what runs in an event loop, which must not wait for the ORM: over one connection of their own.

    Made outside of the loop, opened when first needed, and to be closed by who is done with it: that gives back
    whatever is held still. A connection that breaks is made again; what was held over it is free then.
    """

    LOOK_AGAIN = 0.25  # seconds
    CONNECT_WITHIN = 5  # seconds; also for the end of what is under way when it is closed

    def __init__(self) -> None:
        # Asked for at each connecting: an embedded server may have moved since this process began.
        self._parameters: Callable[[], dict[str, Any]] = connections[DEFAULT_DB_ALIAS].get_connection_params
        self._own: psycopg.AsyncConnection | None = None
        self._one_at_a_time = asyncio.Lock()
        # A session gets a lock that it has a second time: those who share this one wait for each other here.
        self._here: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def hold(self, name: str, wait: float) -> AsyncIterator[None]:
        """Hold the lock ``name``. Raises NotFree when others have it, or the database is away, for ``wait`` seconds."""
        async with self._here[name]:
            await self._take(name, time.monotonic() + wait)
            try:
                yield
            finally:
                # Also for who is cancelled. Where it fails the lock is free already, or is when this is closed.
                with suppress(psycopg.Error):
                    await self.execute(f"SELECT pg_advisory_unlock({KEY})", [name])

    async def execute(self, statement: str, values: Sequence[Any]) -> list[Any]:
        """Return the rows of a statement, a transaction of its own. Raises psycopg.Error."""
        # To its end whatever becomes of who asked: a statement that is broken off would break the others' connection.
        return await asyncio.shield(self._execute(statement, values))

    async def close(self) -> None:
        """Close the connection, once what is under way on it came to an end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.CONNECT_WITHIN):
                await self._one_at_a_time.acquire()
            self._one_at_a_time.release()
        own, self._own = self._own, None
        if own is not None:
            await own.close()

    async def _take(self, name: str, give_up: float) -> None:
        while True:
            reason = f"others hold {name!r} without an end"
            try:
                [[is_ours]] = await self.execute(f"SELECT pg_try_advisory_lock({KEY})", [name])
                if is_ours:
                    return
            except psycopg.Error as error:
                reason = f"the database gave no {name!r}: {error}"
            if time.monotonic() >= give_up:
                raise NotFree(reason)
            await asyncio.sleep(self.LOOK_AGAIN)

    async def _execute(self, statement: str, values: Sequence[Any]) -> list[Any]:
        async with self._one_at_a_time:
            if self._own is None or self._own.closed:
                parameters = {name: value for name, value in self._parameters().items() if name not in OF_DJANGO}
                parameters.setdefault("connect_timeout", self.CONNECT_WITHIN)
                self._own = await psycopg.AsyncConnection.connect(**parameters, autocommit=True)
            cursor = await self._own.execute(statement, values)
            return await cursor.fetchall() if cursor.description else []


OF_DJANGO = {"context", "cursor_factory", "autocommit"}
