"""Asks a source of threads from code that waits: within the limit of its host, and in lots."""

from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from comments.source_health import counted
from comments.sources import ItemSource, ThreadSource
from comments.sources.items import Answer, Answers, ItemId
from core import event_loop
from core.locks import host_slots

T = TypeVar("T")

# So many are asked for before the slots of the host are given back, and with that shared with those who wait.
STRETCH = 200
# Answers are given on in lots of this size, so that a worker which dies loses seconds of work and not a thread.
LOT = 100

Lot = list[tuple[ItemId, Answer]]


@contextmanager
def opened(source: ThreadSource) -> Iterator[None]:
    """Keep ``source`` open, with its connections, between one question and the next; write down how it answered."""
    with counted():
        event_loop.run(source.__aenter__())
        try:
            yield
        finally:
            event_loop.run(source.__aexit__(None, None, None))


def ask(source: ItemSource, question: Coroutine[Any, Any, T], address: str = "") -> T:
    """Return the answer to one question, asked within the limit of the host (of ``address``, else of the source)."""
    with host_slots(address or source.address, source.concurrency):
        return event_loop.run(question)


def ask_for_all(source: ItemSource, item_ids: list[ItemId]) -> Iterator[Lot]:
    """Yield in lots what the source answers to each id, with the slots of its host held for a stretch at a time."""
    for start in range(0, len(item_ids), STRETCH):
        stretch = item_ids[start : start + STRETCH]
        with host_slots(source.address, source.concurrency, len(stretch)) as at_once:
            yield from _lots(source.items(stretch, at_once))


def _lots(items: Answers) -> Iterator[Lot]:
    """Take the items as they come, in lots: the database is written between two turns of the loop."""

    async def take() -> Lot:
        lot: Lot = []
        async for entry in items:
            lot.append(entry)
            if len(lot) == LOT:
                break
        return lot

    try:
        while lot := event_loop.run(take()):
            yield lot
    finally:
        event_loop.run(items.aclose())
