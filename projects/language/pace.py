"""``LLM_REQUESTS_PER_MINUTE``: turns at the language model, evenly apart, whichever process asks.

The next turn stands in the row of its server beside those of pages' hosts (``HostTurn``). A turn is taken by one
statement that moves it on, so that two processes cannot take the same; one that is not used is lost, and nothing else.
"""

import asyncio
from typing import Any

from django.conf import settings
from django.db import connection

from core.event_loop import beside
from core.http import NotAsked

# Who would have to wait for longer is sent away with the time: its worker can do something else meanwhile.
LONGEST_WAIT = 120.0  # seconds
TAKE = """
INSERT INTO projects_hostturn AS turn (host, free_at) VALUES (%(name)s, now() + make_interval(secs => %(apart)s))
ON CONFLICT (host) DO UPDATE SET free_at = greatest(turn.free_at, now()) + make_interval(secs => %(apart)s)
WHERE turn.free_at <= now() + make_interval(secs => %(most)s)
RETURNING extract(epoch FROM turn.free_at - now())::float - %(apart)s
"""
LEFT = "SELECT extract(epoch FROM free_at - now())::float FROM projects_hostturn WHERE host = %(name)s"


async def wait_for_turn() -> None:
    """Wait until one more call may be sent to the language model. Raises NotAsked where that takes too long."""
    await asyncio.sleep(max(0.0, await beside(take_turn)))


def take_turn() -> float:
    """Take the next turn and return in how many seconds it is. Raises NotAsked for one after LONGEST_WAIT."""
    limit = settings.LLM_REQUESTS_PER_MINUTE or 1_000_000
    name = f"language model {settings.LLM_BASE_URL}"[:300]
    values: dict[str, Any] = {"name": name, "apart": 60 / limit, "most": LONGEST_WAIT}
    with connection.cursor() as cursor:
        cursor.execute(TAKE, values)
        if row := cursor.fetchone():
            return float(row[0])
        cursor.execute(LEFT, values)
        [seconds] = cursor.fetchone() or [LONGEST_WAIT]
    raise NotAsked(
        f"The language model takes {limit} calls a minute (LLM_REQUESTS_PER_MINUTE): the next is in {seconds:.0f} s.",
        retry_after=max(float(seconds), 1.0),
    )
