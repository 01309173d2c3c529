"""The sample thread that ships with Waywo: a thread of 40 comments, written for it.

Used where Hacker News cannot be reached, and by the tests. Every name in it is invented; its ids (900000001 and up)
and its sites (under ``.example``) belong to nobody.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from comments.sources.items import Answers, Item, ItemId

SAMPLE_FILE = Path(__file__).with_name("sample_thread.jsonl")


class SampleThreadError(Exception):
    """The sample thread cannot be used; the message is one line with the file and, where known, the line."""


def load_sample_thread(path: Path = SAMPLE_FILE) -> list[dict[str, Any]]:
    """Return the items of the sample thread as the item API would give them: the story, then its comments.

    Raises SampleThreadError when the file cannot be read, a line is not an item, the first not a story, or the story's
    ``kids`` are not just the comments that follow.
    """
    try:
        # Not splitlines(): a text may hold a line separator (U+2028) of its own.
        lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SampleThreadError(f"{path}: cannot be read: {error}.") from None
    items = [_item(path, number, line) for number, line in enumerate(lines, 1)]
    if not items or items[0]["type"] != "story":
        raise SampleThreadError(f"{path}, line 1: must be the story.")
    if sorted(items[0].get("kids", [])) != sorted(item["id"] for item in items[1:]):
        raise SampleThreadError(f"{path}, line 1: 'kids' must name each comment of the file once and nothing else.")
    return items


def _item(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        item = json.loads(line)
    except ValueError as error:
        raise SampleThreadError(f"{path}, line {number}: is not JSON: {error}.") from None
    if not isinstance(item, dict) or not isinstance(item.get("id"), int) or not isinstance(item.get("type"), str):
        raise SampleThreadError(f"{path}, line {number}: must be an object with 'id' (a number) and 'type' (a text).")
    return item


class SampleThread:
    """The sample thread as a source of items, in the place of the client of Hacker News. Needs no network."""

    name = "sample"
    address = copy_address = ""
    concurrency = 1
    is_whole = True

    def __init__(self, path: Path = SAMPLE_FILE) -> None:
        """Raises SampleThreadError for a file that cannot be used."""
        items = load_sample_thread(path)
        self.post_id: int = items[0]["id"]
        self._items = {item["id"]: item for item in items}

    async def item(self, source_id: ItemId) -> Item | None:
        """Return one item, None when the sample has none with this id."""
        item_id = int(source_id)
        data = self._items.get(item_id)
        return None if data is None else Item.parse(data, item_id)

    async def items(self, item_ids: Iterable[ItemId], at_once: int = 1) -> Answers:
        """Yield each id with its item, or None, in the order given."""
        for item_id in item_ids:
            yield item_id, await self.item(item_id)

    async def copy(self, source_id: str) -> dict[ItemId, Item]:
        """Return nothing: the thread is there already."""
        return {}
