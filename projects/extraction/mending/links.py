"""Mends the tags of an answer, and what it says of links: by number, by address, or not at all. Pure."""

import re
from collections.abc import Sequence
from typing import Any

from projects.extraction.given_addresses import same_address
from projects.extraction.mending.numbers import is_number, whole
from projects.extraction.mending.texts import QUOTING_SIGNS, text_of

MOST_TAGS, LONGEST_TAG = 5, 50
NO_LINK = {"", "none", "null", "n/a", "no", "-", "no link", "-1"}
TAG_SEPARATOR = re.compile(r"[,;|\n、，；]+")


def tags(value: Any) -> Any:
    """Return up to five different tags in lower case: of one text, of lists in lists, without blanks and nulls."""
    found: list[str] = []
    for text in _tag_texts(value):
        hashed = text.split() if text.lstrip().startswith("#") and " #" in text else TAG_SEPARATOR.split(text)
        # A sign that ends a name is its own: "c#"; so is a point before one: ".net".
        bare = (part.lower().strip(QUOTING_SIGNS + " \t\r").rstrip(".").lstrip("#") for part in hashed)
        found += [" ".join(part.split()) for part in bare]
    different = [tag for tag in dict.fromkeys(found) if 0 < len(tag) <= LONGEST_TAG and tag not in ("null", "none")]
    return different[:MOST_TAGS] if different else value


def _tag_texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for each in value for text in _tag_texts(each)]
    if isinstance(value, dict):
        named = [value[name] for name in ("name", "tag", "label", "value") if isinstance(value.get(name), str)]
        return named[:1] or _tag_texts([key if each is True else each for key, each in value.items()])
    return [str(value)] if is_number(value) else []


def link_number(links: Sequence[str], value: Any) -> Any:
    """Return the number of a link that is named by it or by its address; 0 for none; else the value as it came."""
    if isinstance(value, dict):
        value = next((value[name] for name in ("link", "number", "url", "href", "address") if name in value), value)
    value = whole(value)
    if value in (None, -1) or (isinstance(value, str) and value.strip().lower().rstrip(".") in NO_LINK):
        return 0
    if isinstance(value, str):
        same = (number for number, url in enumerate(links, 1) if same_address(value, url))
        return next(same, value)
    return value


def primary_link(links: Sequence[str], value: Any) -> Any:
    return link_number(links, None if value == [] else value)


def link_summaries(links: Sequence[str], value: Any) -> Any:
    """Return one summary for each link that is there: of a list, of an object by number or address, of texts alone."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        value = [value]
    if isinstance(value, dict):
        is_one = "summary" in value and not isinstance(value["summary"], dict)
        value = [value] if is_one else [_as_summary(link, said) for link, said in value.items()]
    if not isinstance(value, list):
        return value
    found: dict[int, str] = {}
    for place, each in enumerate(value, 1):
        link, summary = _link_and_summary(links, each, place if len(value) <= len(links) else 0)
        if is_number(link) and 1 <= link <= len(links) and summary:
            found.setdefault(link, summary)
    return [{"link": link, "summary": summary} for link, summary in found.items()]


def _as_summary(link: str, said: Any) -> dict[str, Any]:
    return {"link": link, **said} if isinstance(said, dict) else {"link": link, "summary": said}


def _link_and_summary(links: Sequence[str], value: Any, place: int) -> tuple[Any, str]:
    """Return which link a summary is of, and what it says; ``place`` is the link's number where nothing says it."""
    if isinstance(value, str):
        return place, value.strip()
    if not isinstance(value, dict):
        return 0, ""
    named = [value[name] for name in ("link", "number", "url", "href", "id", "page") if name in value]
    said = next((value[name] for name in ("summary", "text", "description", "content") if value.get(name)), "")
    text = text_of(said)
    return link_number(links, named[0]) if named else place, text.strip() if isinstance(text, str) else ""
