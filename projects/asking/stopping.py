"""Notices while a question is answered that whoever asked it wants no more."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import Error, connection

from projects.asking.models import Question

POLL_SECONDS = 0.5


class Stopped(Exception):
    """Whoever asked wants no more."""


@contextmanager
def watching(question_id: Any, stopped: asyncio.Event) -> Iterator[None]:
    """Set ``stopped`` once somebody asks for it, or the question is gone; looked for in a thread of its own."""
    loop, over = asyncio.get_running_loop(), threading.Event()

    def watch() -> None:
        try:
            while not over.wait(POLL_SECONDS):
                try:
                    goes_on = Question.objects.open().filter(pk=question_id, stop_requested_at=None).exists()
                except Error:
                    # Without a database nobody can ask for it; what answers meets the same error.
                    connection.close()
                    continue
                if not goes_on:
                    loop.call_soon_threadsafe(stopped.set)
                    return
        finally:
            connection.close()

    watcher = threading.Thread(target=watch, name="stop-watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join(timeout=5)
