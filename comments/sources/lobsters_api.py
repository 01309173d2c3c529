"""Lobsters (https://lobste.rs): a whole thread, or the stories of a tag, as one JSON page."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Self

from comments.sources.items import LONGEST_FIELD, LONGEST_TEXT, Fields, Item, ItemId
from comments.sources.json_client import JsonClient, shown
from core.http import InvalidAnswer

# Lobsters is small and run by volunteers: two requests at once do.
CONCURRENCY = 2


class Lobsters(JsonClient):
    """A client of Lobsters' JSON pages, to be used as ``async with``."""

    source = "lobsters"
    endpoint = "Lobsters"
    setting = "LOBSTERS_BASE_URL"

    @classmethod
    def from_settings(cls) -> Self:
        """Return a client as LOBSTERS_BASE_URL says."""
        from django.conf import settings

        return cls(settings.LOBSTERS_BASE_URL, CONCURRENCY)

    async def thread(self, short_id: str) -> tuple[Item, dict[ItemId, Item]]:
        """Return a story, and its top-level comments by short id in the order shown.

        Raises what ``get`` raises; a comment that cannot be read fails the thread, which is one answer.
        """
        return await self.get(f"/s/{short_id}.json", lambda data: _thread(data, short_id))

    async def stories(self, tag: str) -> list[Item]:
        """Return the newest stories of a tag (a page of 25), newest first. Raises what ``get`` raises."""
        return await self.get(f"/t/{tag}.json", lambda data: list(_stories(data, tag)))


def _thread(data: Any, short_id: str) -> tuple[Item, dict[ItemId, Item]]:
    if not isinstance(data, dict) or not isinstance(data.get("comments"), list):
        raise InvalidAnswer(f"Story {short_id}: the answer is {shown(data)}, not a story with comments.")
    children = [_comment(node, short_id) for node in data["comments"] if _is_top_level(node)]
    comments = {child.id: child for child in children}
    return _story(data, short_id, tuple(comments)), comments


def _is_top_level(node: Any) -> bool:
    # ``depth`` counted from 1 in older answers and from 0 in newer ones: the parent is sure.
    return isinstance(node, dict) and not node.get("parent_comment")


def _stories(data: Any, tag: str) -> Iterator[Item]:
    if not isinstance(data, list):
        raise InvalidAnswer(f"Tag {tag}: the answer is {shown(data)}, not a list of stories.")
    for node in data:
        if isinstance(node, dict) and isinstance(node.get("short_id"), str):
            yield _story(node, node["short_id"], ())


def _story(data: dict[str, Any], short_id: str, kids: tuple[ItemId, ...]) -> Item:
    fields = Fields(data, short_id)
    if fields.text("short_id", LONGEST_FIELD) != short_id:
        raise fields.fault("short_id", f"is {short_id}")
    return Item(
        id=short_id,
        type="story",
        author=_author(fields, data, "submitter_user"),
        posted_at=_moment(fields, "created_at"),
        title=fields.text("title", LONGEST_FIELD),
        text=fields.text("description", LONGEST_TEXT),
        url=fields.text("url", LONGEST_FIELD),
        score=fields.number("score", 2**31 - 1, least=-(2**31)),
        descendants=fields.number("comment_count", 2**31 - 1, least=0),
        kids=kids,
    )


def _comment(data: dict[str, Any], story_id: str) -> Item:
    fields = Fields(data, str(data.get("short_id")))
    if not (short_id := fields.text("short_id", 64)):
        raise fields.fault("short_id", f"names a comment of {story_id}")
    deleted, moderated = fields.flag("is_deleted"), fields.flag("is_moderated")
    return Item(
        id=short_id,
        type="comment",
        author=_author(fields, data, "commenting_user"),
        posted_at=_moment(fields, "created_at"),
        text="" if deleted or moderated else fields.text("comment", LONGEST_TEXT),
        score=fields.number("score", 2**31 - 1, least=-(2**31)),
        dead=moderated,
        deleted=deleted,
    )


def _author(fields: Fields, data: dict[str, Any], name: str) -> str:
    # A name today, an object with the name in it before 2023.
    if isinstance(data.get(name), dict):
        return Fields(data[name], name).text("username", LONGEST_FIELD)
    return fields.text(name, LONGEST_FIELD)


def _moment(fields: Fields, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(fields.text(name, LONGEST_FIELD))
    except ValueError:
        raise fields.fault(name, "is a time as 2026-09-13T16:00:00.000-05:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
