"""Lobsters as a source: its weekly "What are you doing this week?" threads, tagged ``ask``."""

import re
from collections.abc import Iterable
from typing import Self

from django.conf import settings

from comments.sources.base import FoundThread
from comments.sources.items import Answers, Item, ItemId
from comments.sources.lobsters_api import CONCURRENCY, Lobsters

TAG = "ask"
TITLE = re.compile(r"what are you (doing|working on) this (week|weekend)\??", re.IGNORECASE)
SHORT_ID = re.compile(r"[0-9a-z]{1,20}")


class LobstersSource:
    """The weekly threads. One request brings a thread with all its comments."""

    name = "lobsters"
    copy_address = ""
    concurrency = CONCURRENCY
    is_whole = True

    def __init__(self) -> None:
        self.address = settings.LOBSTERS_BASE_URL
        self._client = Lobsters.from_settings()
        self._comments: dict[ItemId, Item] = {}

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.__aexit__()

    async def find_threads(self) -> list[FoundThread]:
        """Return the weekly threads among the newest stories tagged ``ask``."""
        stories = await self._client.stories(TAG)
        return [
            FoundThread(str(story.id), story.date.year, story.date.month, story)
            for story in stories
            if TITLE.fullmatch(story.title.strip()) and SHORT_ID.fullmatch(str(story.id))
        ]

    async def item(self, source_id: str) -> Item | None:
        """Return the story, and keep its comments for ``items``."""
        story, self._comments = await self._client.thread(source_id)
        return story

    async def items(self, item_ids: Iterable[ItemId], at_once: int = 1) -> Answers:
        """Yield each id with its comment; nothing is asked for."""
        for item_id in item_ids:
            yield item_id, self._comments.get(item_id)

    async def copy(self, source_id: str) -> dict[ItemId, Item]:
        """Return nothing: the thread is there already."""
        return {}
