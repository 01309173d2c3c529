"""Hacker News as a source: the item API, and Algolia's copy for whole threads."""

from collections.abc import Iterable
from typing import Self

from django.conf import settings

from comments.sources.algolia import Algolia
from comments.sources.base import FoundThread
from comments.sources.hackernews_api import HackerNews
from comments.sources.items import Answers, Item, ItemId
from comments.sources.known_threads import known_threads


class HackerNewsSource:
    """The threads of ``threads.yml``, and any other by its item id."""

    name = "hn"
    is_whole = False

    def __init__(self) -> None:
        self.address = settings.HN_API_BASE_URL
        self.copy_address = settings.HN_SEARCH_BASE_URL
        self.concurrency = settings.HN_CONCURRENCY
        self._items = HackerNews.from_settings()
        self._algolia = Algolia.from_settings()

    async def __aenter__(self) -> Self:
        await self._items.__aenter__()
        await self._algolia.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._algolia.__aexit__()
        await self._items.__aexit__()

    async def find_threads(self) -> list[FoundThread]:
        """Return the known threads. Raises ThreadsFileError for a broken ``threads.yml``."""
        return [FoundThread(str(thread.id), thread.year, thread.month) for thread in known_threads()]

    async def item(self, source_id: str) -> Item | None:
        """Return the thread's item."""
        return await self._items.item(int(source_id))

    def items(self, item_ids: Iterable[ItemId], at_once: int) -> Answers:
        """Yield each id with its answer, as they come."""
        return self._items.items(map(int, item_ids), at_once)

    async def copy(self, source_id: str) -> dict[ItemId, Item]:
        """Return Algolia's copy of the top-level comments."""
        return await self._algolia.children(int(source_id))
