"""Turns at strangers' hosts: one request at a time and a second apart, whichever process asks.

A row for each host says when it is free. Who takes a turn moves that beyond the request's deadline, and at its end to
a second later, or to what the host's Retry-After asks for. A process that dies in between, or whose time is up as it
takes one, costs the host's others the deadline. The connection is one of its own for each run that fetches pages: a
reading's event loop must not wait for the ORM.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections

from core.http import in_short

APART = 1.0  # seconds between the end of a request and the next one's beginning
LEASE = 20.0  # seconds; above the deadline of a fetch and the reading of its text
LONGEST_WAIT = 60.0
LONGEST_PAUSE = 24 * 3600.0  # of a Retry-After
LOOK_AGAIN = 0.25
CONNECT_WITHIN = 5  # seconds; also for the end of what is under way when the connection is closed

TAKE = """
INSERT INTO projects_hostturn (host, free_at) VALUES (%(host)s, now() + make_interval(secs => %(lease)s))
ON CONFLICT (host) DO UPDATE SET free_at = EXCLUDED.free_at WHERE projects_hostturn.free_at <= now()
RETURNING 1
"""
LEFT = "SELECT greatest(0, extract(epoch FROM free_at - now()))::float FROM projects_hostturn WHERE host = %(host)s"
GIVE = "UPDATE projects_hostturn SET free_at = now() + make_interval(secs => %(pause)s) WHERE host = %(host)s"


class NoTurn(Exception):
    """The host asked for a longer pause than anybody waits here, or others keep it busy; the message says which."""


class Turn:
    """A turn that is taken; ``pause`` is the seconds that the host is left alone afterwards."""

    pause = APART


class Turns:
    """Gives turns, over one connection that is made when it is first needed. Made outside an event loop, used in one.

    To be closed by who is done with it; it opens again when it is asked again.
    """

    def __init__(self) -> None:
        # Asked for at each connecting: an embedded server may have moved since this process began.
        self._parameters: Callable[[], dict[str, Any]] = connections[DEFAULT_DB_ALIAS].get_connection_params
        self._own: psycopg.AsyncConnection | None = None
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def at(self, host: str) -> AsyncIterator[Turn]:
        """Wait for a turn at ``host`` and hold it.

        Raises NoTurn after LONGEST_WAIT, or where it is bound to, also when the database is away for so long.
        """
        turn = Turn()
        await self._take(host[:300])
        try:
            yield turn
        finally:
            pause = min(max(turn.pause, APART), LONGEST_PAUSE)
            # A reading that is cancelled gives its turn back all the same; what cannot be given back ends by itself.
            with suppress(psycopg.Error):
                await self._execute(GIVE, {"host": host[:300], "pause": pause})

    async def close(self) -> None:
        """Close the connection, once what is under way on it came to an end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_WITHIN):
                await self._one_at_a_time.acquire()
            self._one_at_a_time.release()
        own, self._own = self._own, None
        if own is not None:
            await own.close()

    async def _take(self, host: str) -> None:
        give_up = time.monotonic() + LONGEST_WAIT
        while True:
            reason = f"{host} is asked by others without an end"
            try:
                if await self._execute(TAKE, {"host": host, "lease": LEASE}):
                    return
                [[left]] = await self._execute(LEFT, {"host": host}) or [[0.0]]
                if left > LONGEST_WAIT:
                    raise NoTurn(f"{host} asked to be left alone for {left:.0f} s more")
            except psycopg.Error as error:
                reason = f"the database gave no turn at {host}: {in_short(error)}"
            if time.monotonic() >= give_up:
                raise NoTurn(reason)
            await asyncio.sleep(LOOK_AGAIN)

    async def _execute(self, statement: str, values: dict[str, Any]) -> list[Any]:
        # To its end whatever becomes of who asked: a statement that is broken off would break the others' connection.
        return await asyncio.shield(self._execute_now(statement, values))

    async def _execute_now(self, statement: str, values: dict[str, Any]) -> list[Any]:
        async with self._one_at_a_time:
            if self._own is None or self._own.closed:
                parameters = {name: value for name, value in self._parameters().items() if name not in OF_DJANGO}
                parameters.setdefault("connect_timeout", CONNECT_WITHIN)
                self._own = await psycopg.AsyncConnection.connect(**parameters, autocommit=True)
            cursor = await self._own.execute(statement, values)
            return await cursor.fetchall() if cursor.description else []


OF_DJANGO = {"context", "cursor_factory", "autocommit"}
