"""Turns at strangers' hosts: one request at a time and a second apart, whichever process asks.

A row for each host says when it is free. Who takes a turn moves that beyond the request's deadline, and at its end to
a second later, or to what the host's Retry-After asks for. A process that dies in between costs the host's others the
deadline. The connection is one of its own: a reading's event loop must not wait for the ORM.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from django.db import connection

APART = 1.0  # seconds between the end of a request and the next one's beginning
LEASE = 20.0  # seconds; above the deadline of a fetch and the reading of its text
LONGEST_WAIT = 60.0
LONGEST_PAUSE = 24 * 3600.0  # of a Retry-After
LOOK_AGAIN = 0.25

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
    """Gives turns. Made outside an event loop, used in one."""

    def __init__(self) -> None:
        self._parameters: dict[str, Any] = connection.get_connection_params()

    @asynccontextmanager
    async def at(self, host: str) -> AsyncIterator[Turn]:
        """Wait for a turn at ``host`` and hold it. Raises NoTurn after LONGEST_WAIT, or where it is bound to."""
        turn = Turn()
        await self._take(host[:300])
        try:
            yield turn
        finally:
            pause = min(max(turn.pause, APART), LONGEST_PAUSE)
            # A reading that is cancelled gives its turn back all the same.
            await asyncio.shield(self._execute(GIVE, {"host": host[:300], "pause": pause}))

    async def _take(self, host: str) -> None:
        give_up = time.monotonic() + LONGEST_WAIT
        while not await self._execute(TAKE, {"host": host, "lease": LEASE}):
            [[left]] = await self._execute(LEFT, {"host": host}) or [[0.0]]
            if left > LONGEST_WAIT:
                raise NoTurn(f"{host} asked to be left alone for {left:.0f} s more")
            if time.monotonic() >= give_up:
                raise NoTurn(f"{host} is asked by others without an end")
            await asyncio.sleep(LOOK_AGAIN)

    async def _execute(self, statement: str, values: dict[str, Any]) -> list[Any]:
        parameters = {name: value for name, value in self._parameters.items() if name not in OF_DJANGO}
        async with await psycopg.AsyncConnection.connect(**parameters, autocommit=True) as own:
            cursor = await own.execute(statement, values)
            return await cursor.fetchall() if cursor.description else []


OF_DJANGO = {"context", "cursor_factory", "autocommit"}
