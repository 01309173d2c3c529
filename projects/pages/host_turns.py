"""Turns at strangers' hosts: one request at a time and a second apart, whichever process asks.

A turn is the one slot of its host (core/locks.py), so a process that dies gives it back at once. What the host is left
alone for afterwards, a second or what its Retry-After asks for, stands in its row.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg

from core.locks import LoopLocks, NotFree, slot_of

APART = 1.0  # seconds between the end of a request and the next one's beginning
LONGEST_WAIT = 60.0
LONGEST_PAUSE = 24 * 3600.0  # of a Retry-After

PAUSE_LEFT = "SELECT greatest(0, extract(epoch FROM free_at - now()))::float FROM projects_hostturn WHERE host = %s"
PAUSE = """
INSERT INTO projects_hostturn (host, free_at) VALUES (%s, now() + make_interval(secs => %s))
ON CONFLICT (host) DO UPDATE SET free_at = EXCLUDED.free_at
"""


class Turn:
    """A turn that is taken; ``pause`` is the seconds that the host is left alone afterwards."""

    pause = APART


class HostTurns:
    """Gives turns to one run that fetches pages. Made outside an event loop, used in one, closed at the run's end."""

    def __init__(self) -> None:
        self.locks = LoopLocks()
        self.close = self.locks.close

    @asynccontextmanager
    async def at(self, host: str) -> AsyncIterator[Turn]:
        """Wait for a turn at ``host`` and hold it.

        Raises NotFree after LONGEST_WAIT, or where it is bound to, also when the database is away for so long.
        """
        host, turn = host[:300], Turn()
        async with self.locks.hold(slot_of(host), LONGEST_WAIT):
            left = await self._pause_left(host)
            if left > LONGEST_WAIT:
                raise NotFree(f"{host} asked to be left alone for {left:.0f} s more")
            await asyncio.sleep(left)
            try:
                yield turn
            finally:
                # Also for a reading that is cancelled.
                with suppress(psycopg.Error):
                    await self.locks.execute(PAUSE, [host, min(max(turn.pause, APART), LONGEST_PAUSE)])

    async def _pause_left(self, host: str) -> float:
        try:
            rows = await self.locks.execute(PAUSE_LEFT, [host])
        except psycopg.Error as error:
            raise NotFree(f"the database does not say when {host} is free: {error}") from error
        return rows[0][0] if rows else 0.0
