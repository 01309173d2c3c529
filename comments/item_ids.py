"""Reads the id of a Hacker News item from what a person gives: the number, or the address of its page."""

import re

LARGEST_ITEM_ID = 10**12 - 1
ITEM_ID = re.compile(r"[1-9][0-9]{0,11}")
ITEM_PAGE = re.compile(
    r"(?:https?://)?(?:www\.)?news\.ycombinator\.com/item\?id=([1-9][0-9]{0,11})(?:&[^#\s]*)?(?:#[0-9]*)?"
)


def item_id_of(text: str) -> int:
    """Return the item id that ``text`` names: ``41342017``, or the address of its page with or without ``https://``.

    Raises ValueError for everything else: a guess would collect another thread.
    """
    text = text.strip()
    if ITEM_ID.fullmatch(text):
        return int(text)
    if found := ITEM_PAGE.fullmatch(text):
        return int(found[1])
    raise ValueError(
        f"{text[:100]!r} is invalid: it expects the id of a Hacker News item, or its address, "
        "https://news.ycombinator.com/item?id=41342017."
    )
