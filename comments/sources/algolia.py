"""Algolia's copy of Hacker News: a whole thread in one request, and search over titles.

The copy lags by minutes to days and has holes (https://github.com/algolia/hn-search/issues/33), and it leaves out
what was deleted or flagged: what it leaves out says nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from comments.sources.items import LARGEST_ID, LATEST_TIME, LONGEST_FIELD, Fields, Item, ItemId
from comments.sources.json_client import JsonClient
from core.http import InvalidAnswer

PAGE = 100  # hits
MOST_PAGES = 10  # Algolia gives 1,000 hits at most


@dataclass(frozen=True, slots=True)
class Hit:
    """A story that a search found."""

    id: int
    title: str
    author: str
    comments: int
    posted_at: datetime


class Algolia(JsonClient):
    """A client of https://hn.algolia.com/api, to be used as ``async with``."""

    source = "hn"
    endpoint = "Algolia"
    setting = "HN_SEARCH_BASE_URL"
    # A thread of 1,500 comments with all their answers has some 5 MB.
    largest_body: ClassVar[int] = 32_000_000

    @classmethod
    def from_settings(cls) -> Self:
        """Return a client as HN_SEARCH_BASE_URL says; one connection does."""
        from django.conf import settings

        return cls(settings.HN_SEARCH_BASE_URL, concurrency=1, attempts=2)

    async def children(self, item_id: int) -> dict[ItemId, Item]:
        """Return the direct answers to an item that the copy has in full, by id.

        Raises what ``get`` raises; a child that cannot be read is left out, for the item API to give.
        """
        return await self.get(f"/items/{item_id}", lambda data: dict(_children(data, item_id)))

    async def stories(self, query: str, since: datetime, least_comments: int) -> list[Hit]:
        """Return the Ask HN stories with ``query`` in the title, posted after ``since``, newest first.

        Raises what ``get`` raises. A hit that cannot be read is left out.
        """
        hits: dict[int, Hit] = {}
        until = ""
        while True:
            span = f"created_at_i>{int(since.timestamp())},num_comments>={least_comments}{until}"
            found, is_all = await self._reachable(query, span)
            new = {hit.id: hit for hit in found if hit.id not in hits}
            hits |= new
            if is_all or not new:
                return list(hits.values())
            # There may be more than a search gives: go on below. Others may be of the same second as the last one.
            until = f",created_at_i<={int(min(hit.posted_at for hit in found).timestamp())}"

    async def _reachable(self, query: str, span: str) -> tuple[list[Hit], bool]:
        """Return what one search gives within ``span``, and whether that is all that there is."""
        hits: list[Hit] = []
        for page in range(MOST_PAGES):
            asked = {
                "query": query,
                "tags": "story,ask_hn",
                "restrictSearchableAttributes": "title",
                "numericFilters": span,
                "hitsPerPage": PAGE,
                "page": page,
            }
            found, pages = await self.get(f"/search_by_date?{urlencode(asked)}", _hits)
            hits += found
            if page + 1 >= min(pages, MOST_PAGES):
                return hits, pages < MOST_PAGES
        return hits, False


def _children(data: Any, item_id: int) -> Iterator[tuple[ItemId, Item]]:
    if not isinstance(data, dict) or data.get("id") != item_id or not isinstance(data.get("children"), list):
        raise InvalidAnswer(f"Item {item_id}: Algolia's answer is not this item with its children.")
    for child in data["children"]:
        if not isinstance(child, dict) or child.get("parent_id") != item_id:
            continue
        # A node without author or text stands for a deleted comment, or for one not yet read in.
        if not child.get("author") or not child.get("text"):
            continue
        renamed = {
            "id": child.get("id"),
            "type": child.get("type"),
            "by": child["author"],
            "text": child["text"],
            "time": child.get("created_at_i"),
            "parent": item_id,
        }
        try:
            yield child["id"], Item.parse(renamed, child["id"])
        except (InvalidAnswer, KeyError, TypeError):
            continue


def _hits(data: Any) -> tuple[list[Hit], int]:
    if not isinstance(data, dict) or not isinstance(data.get("hits"), list):
        raise InvalidAnswer("Algolia's answer to a search has no 'hits'.")
    pages = data.get("nbPages")
    found = [hit for raw in data["hits"] if (hit := _hit(raw)) is not None]
    return found, pages if isinstance(pages, int) else 1


def _hit(data: Any) -> Hit | None:
    identity = data.get("objectID") if isinstance(data, dict) else None
    if not isinstance(identity, str) or not identity.isdecimal() or not 0 < int(identity) <= LARGEST_ID:
        return None
    item_id = int(identity)
    fields = Fields(data, item_id)
    try:
        title, author = fields.title(), fields.text("author", LONGEST_FIELD)
        posted_at = fields.time("created_at_i")
        comments = fields.number("num_comments", LATEST_TIME, least=0) or 0
    except InvalidAnswer:
        return None
    return Hit(item_id, title, author, comments, posted_at) if title and posted_at else None
