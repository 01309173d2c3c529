"""Hacker News' item API: one request an item, many at once.

https://github.com/HackerNews/API names no rate limit; Waywo keeps ``HN_CONCURRENCY`` connections open.
"""

import asyncio
from collections.abc import Iterable
from typing import Self

from comments.sources.items import Answer, Answers, Item
from comments.sources.json_client import JsonClient
from core.http import OutsideError


class HackerNews(JsonClient):
    """A client of the item API, to be used as ``async with``."""

    source = "hn"
    endpoint = "item API"
    setting = "HN_API_BASE_URL"

    @classmethod
    def from_settings(cls) -> Self:
        """Return a client as HN_API_BASE_URL and HN_CONCURRENCY say."""
        from django.conf import settings

        return cls(settings.HN_API_BASE_URL, settings.HN_CONCURRENCY)

    async def item(self, item_id: int) -> Item | None:
        """Return one item, None where Hacker News answers null: there is no such item, or not yet.

        Raises what ``get`` raises.
        """
        return await self.get(f"/item/{item_id}.json", lambda data: None if data is None else Item.parse(data, item_id))

    async def items(self, item_ids: Iterable[int], at_once: int | None = None) -> Answers:
        """Yield each id with its item, None, or the error that kept it back, as they come.

        ``at_once`` (``concurrency``) requests run together and wait for a slow reader, so that memory does not grow
        with the number of ids. Closing the iterator ends the requests under way.
        """
        waiting = iter(item_ids)
        answers: asyncio.Queue = asyncio.Queue(maxsize=self.concurrency)
        workers = [asyncio.create_task(self._work(waiting, answers)) for _ in range(at_once or self.concurrency)]
        running = len(workers)
        try:
            while running:
                item_id, answer = await answers.get()
                if item_id is not None:
                    yield item_id, answer
                    continue
                running -= 1
                if answer is not None:
                    raise answer
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, waiting: Iterable[int], answers: asyncio.Queue) -> None:
        """Take ids until none is left. Put (None, None) last, or (None, error) where the code is wrong."""
        try:
            for item_id in waiting:
                try:
                    answer: Answer = await self.item(item_id)
                except OutsideError as error:
                    answer = error
                await answers.put((item_id, answer))
        except Exception as error:  # noqa: BLE001 - raised by items(), whose caller would wait for ever else
            await answers.put((None, error))
        else:
            await answers.put((None, None))
