"""Finds the JSON in what a language model wrote: words around it, mistakes in it. Pure."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

# A text may hold so many broken beginnings before we give up on it: each is looked through to its end.
MOST_REPAIRS = 20
DEEPEST = 60
OPENING = re.compile(r"[\[{]")
# Of JSON, or what was meant for it; not of braces in prose.
BEGINNING = re.compile(r"[\[{]\s*[\[{\"'“”„‘’`]")
PAIRS = {"}": "{", "]": "["}
# Quotes of other scripts and of word processors, where they stand in place of JSON's.
ODD_QUOTES = dict.fromkeys(map(ord, "“”„‟«»‘’‚‛`"), '"')
STRICT = json.JSONDecoder()


@dataclass(frozen=True)
class Found:
    """A value that stands in a text from ``start`` to ``end``. ``is_repaired``: it was no JSON as it stood."""

    value: Any
    start: int
    end: int
    is_repaired: bool = False


def whole_value(text: str) -> Found | None:
    """Return the value that ``text`` is, from its first character to its last; None where it is no JSON."""
    try:
        return Found(json.loads(text), 0, len(text))
    except (ValueError, RecursionError):
        return None


def values_in(text: str, is_of_use: Callable[[Any], bool], *, is_cut: bool = False) -> Iterator[Found]:
    """Yield the JSON objects and lists in ``text``, in order.

    One that is broken is repaired where all of it is there: it ends, or only brackets are missing at the end of a text
    that nobody cut (``is_cut``). Where the repaired value is not ``is_of_use``, as for braces in prose, it is passed
    over, and what stands inside of it is looked at.
    """
    at = repairs = 0
    while repairs < MOST_REPAIRS and (opening := OPENING.search(text, at)):
        start = opening.start()
        try:
            value, at = STRICT.raw_decode(text, start)
            yield Found(value, start, at)
        except RecursionError:
            return
        except ValueError:
            repairs += 1
            end = _end_of(text, start, is_cut=is_cut)
            if end is None and BEGINNING.match(text, start):
                return  # It was cut off: what stands inside of it is not all of it.
            found = next(filter(is_of_use, _repaired(text[start:end])), None) if end else None
            at = start + 1
            if end and found is not None:
                at = end
                yield Found(found, start, end, is_repaired=True)


def _repaired(text: str) -> Iterator[Any]:
    from json_repair import loads

    attempts = (text, text.translate(ODD_QUOTES))
    has_no_plain_quotes = '"' not in text and "'" not in text
    for attempt in dict.fromkeys(reversed(attempts) if has_no_plain_quotes else attempts):
        # Its readers of deeply nested nonsense end by themselves: _balanced counts the depth.
        value = loads(attempt, skip_json_loads=True)
        if isinstance(value, dict | list) and value:
            yield value


def _end_of(text: str, start: int, *, is_cut: bool) -> int | None:
    """Return where the object or list that begins at ``start`` ends, None where it does not."""
    end = _balanced(text, start, is_cut, heeds_quotes=True)
    # Quotes that are broken themselves hide brackets. Of a text that was cut off they hide that it was.
    return end if end or is_cut else _balanced(text, start, is_cut, heeds_quotes=False)


def _balanced(text: str, start: int, is_cut: bool, *, heeds_quotes: bool) -> int | None:
    stack: list[str] = []
    in_quotes = is_escaped = False
    for place in range(start, len(text)):
        sign = text[place]
        if is_escaped or (in_quotes and sign == "\\"):
            is_escaped = not is_escaped
        elif sign == '"' and heeds_quotes:
            in_quotes = not in_quotes
        elif in_quotes:
            continue
        elif sign in "[{":
            stack.append(sign)
            if len(stack) > DEEPEST:
                return None
        elif sign in PAIRS and PAIRS[sign] in stack:
            # What was left open inside is closed with it.
            while stack.pop() != PAIRS[sign]:
                pass
            if not stack:
                return place + 1
    only_brackets_miss = not (is_cut or in_quotes) and heeds_quotes and text.rstrip().endswith(("}", "]", '"'))
    return len(text) if only_brackets_miss else None
