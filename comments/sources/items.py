"""An item, a thread or a comment, as all sources give it, and the fields of an answer read with their types."""

import html as entities
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from comments.sources.json_client import shown
from core.http import InvalidAnswer, OutsideError
from core.text import storable

LONGEST_TEXT = 1_000_000  # characters; the longest comments have some 60,000
LONGEST_FIELD = 5_000  # characters of an author, title, type or URL
LARGEST_ID = 2**63 - 1  # what PostgreSQL's bigint holds
LATEST_TIME = 4_102_444_800  # 2100-01-01, seconds since 1970

ItemId = int | str  # a number on Hacker News, a word on Lobsters


@dataclass(frozen=True, slots=True)
class Item:
    """One story, comment, job or poll as Hacker News' item API gives it; absent texts are empty.

    Other sources give theirs in the same form.

    ``text`` is HTML as served, except NUL characters and half surrogates, which PostgreSQL refuses. A deleted
    item has no author and no text. ``kids`` are the direct answers in the order they are shown.
    """

    id: ItemId
    type: str
    author: str
    posted_at: datetime | None
    title: str = ""
    text: str = ""
    url: str = ""
    score: int | None = None
    descendants: int | None = None
    kids: tuple[ItemId, ...] = ()
    parent: int | None = None
    dead: bool = False
    deleted: bool = False

    @property
    def date(self) -> datetime:
        """When it was posted. Raises InvalidAnswer for an item without a date."""
        if self.posted_at is None:
            raise InvalidAnswer(f"Item {self.id} has no date.")
        return self.posted_at

    @classmethod
    def parse(cls, data: object, expected_id: int) -> Self:
        """Return the item that the decoded JSON ``data`` holds.

        Raises InvalidAnswer, naming the field, when it is not an object, has another id than ``expected_id``, or
        a field of the wrong type or out of range.
        """
        fields = Fields(data, expected_id)
        if fields.number("id", LARGEST_ID) != expected_id:
            raise fields.fault("id", f"is {expected_id}")
        kind = fields.text("type", LONGEST_FIELD)
        if not kind:
            raise fields.fault("type", "is the kind of item")
        return cls(
            id=expected_id,
            type=kind,
            author=fields.text("by", LONGEST_FIELD),
            posted_at=fields.time("time"),
            title=fields.title(),
            text=fields.text("text", LONGEST_TEXT),
            url=fields.text("url", LONGEST_FIELD),
            # A score can fall below zero, and -1 descendants have been seen.
            score=fields.number("score", 2**31 - 1, least=-(2**31)),
            descendants=fields.number("descendants", 2**31 - 1, least=-(2**31)),
            kids=fields.ids("kids"),
            parent=fields.number("parent", LARGEST_ID),
            dead=fields.flag("dead"),
            deleted=fields.flag("deleted"),
        )


class Fields:
    """The fields of one answer, each read with its type; null and absent are the same."""

    def __init__(self, data: object, item_id: int | str) -> None:
        self._item_id = item_id
        if not isinstance(data, dict):
            raise InvalidAnswer(f"Item {item_id}: the answer is {shown(data)}, not an item.")
        self._data: dict[str, Any] = data

    def fault(self, name: str, wanted: str) -> InvalidAnswer:
        """Return the error for a field that is not what was wanted."""
        return InvalidAnswer(f"Item {self._item_id}: {name!r} {wanted}, got {shown(self._data.get(name))}.")

    def text(self, name: str, longest: int) -> str:
        """Return a text that can be stored, "" when absent."""
        value = self._data.get(name)
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > longest:
            raise self.fault(name, f"is a text of {longest:,} characters at most")
        return storable(value)

    def title(self) -> str:
        """Return the title; Hacker News serves it as HTML: ``What&#x27;s``."""
        return storable(entities.unescape(self.text("title", LONGEST_FIELD)))

    def number(self, name: str, most: int, least: int = 1) -> int | None:
        """Return a whole number from ``least`` to ``most``, None when absent."""
        value = self._data.get(name)
        if value is not None and not _is_whole(value, least, most):
            raise self.fault(name, f"is a whole number from {least} to {most}")
        return value

    def time(self, name: str) -> datetime | None:
        """Return a moment given in seconds since 1970, None when absent."""
        value = self.number(name, LATEST_TIME, least=0)
        return None if value is None else datetime.fromtimestamp(value, UTC)

    def ids(self, name: str) -> tuple[int, ...]:
        """Return a list of ids, each once."""
        value = self._data.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(_is_whole(kid, 1, LARGEST_ID) for kid in value):
            raise self.fault(name, "is a list of item ids")
        return tuple(dict.fromkeys(value))

    def flag(self, name: str) -> bool:
        """Return a truth value, False when absent."""
        value = self._data.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.fault(name, "is true or false")
        return bool(value)


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


# What comes of asking for one id: the item, nothing (yet), or why it could not be had.
Answer = Item | OutsideError | None
Answers = AsyncGenerator[tuple[ItemId, Answer], None]
