"""Adds a thread of Hacker News by its id or address: looked up first, for the next collection to fill."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from comments.asking import ask, opened
from comments.item_ids import item_id_of
from comments.models import Post, Source
from comments.months import FIRST_YEAR
from comments.saving import save_post
from comments.sources import source_named
from comments.sources.items import Item
from core.http import Unavailable

T = TypeVar("T")

PATIENCE = 15  # seconds that a person waits for a thread to be looked up


class CollectionError(Exception):
    """A thread could not be collected; the message is one line that names it."""


class NotAThread(CollectionError):
    """The id is not one of a thread: unknown, a comment, a job, deleted."""


def look_up_post(text: str) -> Item:
    """Return the thread on Hacker News that ``text`` names by id or address, as it is now; nothing is saved.

    Raises ValueError for a text that names none, NotAThread, and OutsideError when it cannot be had, or not within
    15 s: somebody waits.
    """
    post_id = item_id_of(text)
    source = source_named(Source.HACKER_NEWS)
    with opened(source):
        return checked_thread(str(post_id), ask(source, _in_time(source.item(str(post_id)), post_id)))


async def _in_time(question: Coroutine[Any, Any, T], post_id: int) -> T:
    try:
        async with asyncio.timeout(PATIENCE):
            return await question
    except TimeoutError:
        raise Unavailable(f"Thread {post_id}: no answer within {PATIENCE} s.") from None


def add_post(text: str, *, year: int | None = None, month: int | None = None) -> Post:
    """Save the thread that ``text`` names by id or address, for the next collection to fill, and return it.

    One that is there already is brought up to date. Raises what ``look_up_post`` raises.
    """
    check_month(year, month)
    return save_post(Source.HACKER_NEWS, look_up_post(text), year, month)


def checked_thread(source_id: str, item: Item | None) -> Item:
    """Return the item of a thread that can be collected. Raises NotAThread for any other."""
    if item is None:
        raise NotAThread(f"Item {source_id}: there is no such item on Hacker News (it answered null).")
    if item.type != "story":
        raise NotAThread(f"Item {source_id} is a {item.type}, not a story: give the id of the thread itself.")
    if item.deleted or not item.title:
        raise NotAThread(f"Item {source_id} was deleted or has no title.")
    if item.posted_at is None or item.posted_at.year < FIRST_YEAR:
        raise NotAThread(f"Item {source_id} has no usable date: {item.posted_at}.")
    return item


def check_month(year: int | None, month: int | None) -> None:
    """Raise ValueError for a year or month that is out of range."""
    if year is not None and not 2006 <= year <= 2200:
        raise ValueError(f"year={year} is invalid: it expects a year from 2006 to 2200.")
    if month is not None and not 1 <= month <= 12:
        raise ValueError(f"month={month} is invalid: it expects a month from 1 to 12.")
