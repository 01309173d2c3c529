"""Mends what a model says of a comment's sentences: verdicts in other spelling, numbers out of place. Pure."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from projects.extraction.mending.numbers import is_number, whole
from projects.extraction.rejections import MEANINGS

Mended = Counter[str]

VERDICTS = ("project", *MEANINGS)
MAKERS = ("author", "others", "nobody")
# Of a maker, where a model writes a word of its own.
SYNONYMS = dict.fromkeys(("me", "self", "myself", "i", "user", "commenter", "poster", "op"), "author")
SYNONYMS |= {"other": "others", "else": "others", "someone": "others", "none": "nobody"}


def word_of(words: Sequence[str], otherwise: str | None, value: Any) -> Any:
    """Return which of ``words`` a value spells, with capitals, blanks, hyphens or more behind it."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None and otherwise is not None:
        return otherwise
    if not isinstance(value, str):
        return value
    spelled = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", value.strip())
    spelled = re.sub(r"[\W_]+", "_", spelled.lower()).strip("_")
    spelled = re.sub(r"^(?:a|an|the)_", "", spelled)
    spelled = "_".join(SYNONYMS.get(part, part) for part in spelled.split("_"))
    exact = [word for word in words if spelled in (word, f"{word}s", word.rstrip("s"))]
    begins = [word for word in words if spelled.startswith(f"{word}_")]
    return next(chain(exact, begins), otherwise if otherwise is not None and not spelled else value)


def places(value: Any) -> Any:
    """Return ranges of sentences: of objects, pairs, numbers, "6-7", or nothing."""
    if value is None or value == "":
        return []
    found = []
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict):
            first, last = each.get("first"), each.get("last", each.get("first"))
        elif isinstance(each, list) and 1 <= len(each) <= 2:
            first, last = each[0], each[-1]
        elif isinstance(each, str) and (pair := re.fullmatch(r"\W*(\d{1,6})\W+(\d{1,6})\W*", each)):
            first, last = int(pair[1]), int(pair[2])
        else:
            first = last = each
        first, last = whole(first), whole(last)
        if is_number(first) and is_number(last):
            found.append({"first": first, "last": last})
    return found


def in_range(parts: list[dict[str, Any]], sentences: int, noted: Mended) -> list[dict[str, Any]]:
    """Return parts whose numbers count from 1, begin before they end, and end one too far at most."""
    for part in parts:
        if part.get("last") is None and is_number(part.get("first")):
            part["last"] = part["first"]
            noted["sentence numbers"] += 1
    ranges = [part for part in parts if is_number(part.get("first")) and is_number(part.get("last"))]
    numbers = [part[end] for part in ranges for end in ("first", "last")]
    counts_from_0 = 0 in numbers and min(numbers) == 0
    shift = 1 if counts_from_0 and max(numbers) < sentences else 0
    for part in ranges:
        first, last = sorted((part["first"] + shift, part["last"] + shift))
        first, last = max(first, 1) if counts_from_0 else first, sentences if last == sentences + 1 else last
        noted["sentence numbers"] += (part["first"], part["last"]) != (first, last)
        part["first"], part["last"] = first, last
        if part.get("more"):
            moved = [sorted((each["first"] + shift, each["last"] + shift)) for each in part["more"]]
            known = [{"first": a, "last": min(b, sentences)} for a, b in moved if 1 <= a <= sentences]
            noted["sentence numbers"] += known != part["more"]
            part["more"] = known
    return parts


def is_said_already(parts: list[dict[str, Any]]) -> Callable[[dict[str, Any]], bool]:
    def said(part: dict[str, Any]) -> bool:
        places = [(other.get("first"), other.get("last")) for other in parts]
        is_told_again = places.count((part.get("first"), part.get("last"))) > 1
        return is_told_again and part.get("verdict") != "project"

    return said
