"""One event loop per process and thread, kept: clients that live in it keep their connections between calls.

A new loop for each call breaks clients which were made in an older one ("Event loop is closed") and costs
15 times the calls per second (pitfalls, 5.2).
"""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_local = threading.local()


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run ``coroutine`` to its end in this thread's loop and return its result; raises what it raises.

    Where a signal breaks in from outside (a task that is cancelled, a time limit), what was under way in the loop ends
    in order before that is raised: nobody could await it any more.
    """
    runner = getattr(_local, "runner", None)
    # A forked child must not touch the loop of its parent: both would read from one selector.
    if runner is None or _local.pid != os.getpid():
        runner = _local.runner = asyncio.Runner()
        _local.pid = os.getpid()
    is_over = False

    async def whole() -> T:
        nonlocal is_over
        try:
            return await coroutine
        finally:
            is_over = True

    try:
        result: T = runner.run(whole())
    finally:
        if not is_over:
            close()
    return result


def close() -> None:
    """Close this thread's loop, if it has one; the next ``run`` makes a new one."""
    runner = getattr(_local, "runner", None)
    if runner is not None and _local.pid == os.getpid():
        runner.close()
    _local.runner = None


async def beside(act: Callable[[], T]) -> T:
    """Return what ``act`` does with the database: in a thread, with a connection of its own that ends with it."""
    from django.db import connection

    def run() -> T:
        try:
            return act()
        finally:
            connection.close()

    return await asyncio.to_thread(run)


class PerLoop(Generic[T]):
    """What belongs to one event loop, as a client with its connections: made by ``make`` once for each thread's."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._kept = threading.local()

    def get(self) -> T:
        """Return that of the running loop."""
        loop = asyncio.get_running_loop()
        if getattr(self._kept, "loop", None) is not loop:
            self._kept.value, self._kept.loop = self._make(), loop
        value: T = self._kept.value
        return value
