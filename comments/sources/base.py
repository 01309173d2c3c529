"""What a source of threads gives. How to add one: docs/extending.md."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, Self

from comments.sources.items import Answers, Item, ItemId


@dataclass(frozen=True)
class FoundThread:
    """A thread that a source has, and the month it belongs to; ``post`` is its item where finding brought that."""

    source_id: str
    year: int
    month: int
    post: Item | None = None


class ItemSource(Protocol):
    """What gives a thread and its comments. Every call raises an OutsideError when the source does not answer.

    ``name`` is what is stored as the source of posts and comments. ``address`` and ``concurrency`` say how many
    requests all workers together may have under way with this host. ``copy_address`` is empty where there is no copy
    of whole threads; ``is_whole`` says that ``item`` of a thread has brought all its comments already.
    """

    name: str
    address: str
    copy_address: str
    concurrency: int
    is_whole: bool

    async def item(self, source_id: str) -> Item | None:
        """Return the thread's own item with the ids of its top-level comments, None where there is none (yet)."""
        ...

    def items(self, item_ids: Iterable[ItemId], at_once: int) -> Answers:
        """Yield each id of a comment with its item, None (not yet), or the error that kept it back."""
        ...

    async def copy(self, source_id: str) -> dict[ItemId, Item]:
        """Return comments by id from a copy of the whole thread, which may lag and have holes."""
        ...


class ThreadSource(ItemSource, Protocol):
    """A source that also knows which threads there are, used as ``async with``."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *_: object) -> None: ...

    async def find_threads(self) -> list[FoundThread]:
        """Return the threads that the source knows of, newest first."""
        ...
