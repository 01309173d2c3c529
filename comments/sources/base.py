"""What a source of threads gives. A new source is one file beside this one, and a line in ``__init__.py``."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Protocol, Self

from comments.sources.items import Answer, Item


@dataclass(frozen=True)
class FoundThread:
    """A thread that a source has, and the month it belongs to; ``post`` is its item where finding brought that."""

    source_id: str
    year: int
    month: int
    post: Item | None = None


class ThreadSource(Protocol):
    """A source, used as ``async with``. Every call raises a OutsideError when the source does not answer.

    ``name`` is what is stored as the source of posts and comments. ``address`` and ``concurrency`` say how many
    requests all workers together may have under way with this host. ``copy_address`` is empty where there is no copy
    of whole threads; ``is_whole`` says that ``item`` of a thread has brought all its comments already.
    """

    name: str
    address: str
    copy_address: str
    concurrency: int
    is_whole: bool

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *_: object) -> None: ...

    async def find_threads(self) -> list[FoundThread]:
        """Return the threads that the source knows of, newest first."""
        ...

    async def item(self, source_id: str) -> Item | None:
        """Return the thread's own item with the ids of its top-level comments, None where there is none (yet)."""
        ...

    def items(self, item_ids: Iterable[int | str], at_once: int) -> AsyncIterator[tuple[int | str, Answer]]:
        """Yield each id of a comment with its item, None (not yet), or the error that kept it back."""
        ...

    async def copy(self, source_id: str) -> dict[int | str, Item]:
        """Return comments by id from a copy of the whole thread, which may lag and have holes."""
        ...
