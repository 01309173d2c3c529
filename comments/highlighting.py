"""Marks in a comment's cleaned HTML the stretches that a project was found in."""

import html as entities
import re
from collections.abc import Iterable

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from comments.text import HREF, TAG, safe_html, shown_link

# Shorter stretches would be found anywhere.
SHORTEST = 12


def marked_html(html: str, passages: Iterable[str]) -> SafeString:
    """Return ``html`` as ``safe_html`` cleans it, with the ``passages`` (plain text as of ``plain_text``) in <mark>.

    Compared are letters and digits alone, so that line breaks, list signs and shortened links do not matter. A
    passage that does not stand there in one piece is looked for line by line; what is not found is not marked.
    """
    pieces = _pieces(safe_html(html))
    squeezed, places = _squeeze(pieces)
    marked: set[tuple[int, int]] = set()
    for passage in passages:
        for start, end in _found(squeezed, passage):
            marked |= {place for place in places[start:end] if place is not None}
    return mark_safe("".join(_with_marks(pieces, marked)))  # noqa: S308 - cleaned by safe_html, texts escaped again


def _pieces(cleaned: str) -> list[tuple[str, str, str]]:
    """Return ("tag", markup, "") and ("text", text, what ``plain_text`` makes of it), in order."""
    pieces: list[tuple[str, str, str]] = []
    at, href = 0, ""
    for match in [*TAG.finditer(cleaned), None]:
        text = entities.unescape(cleaned[at : match.start() if match else None])
        if text:
            pieces.append(("text", text, shown_link(href, " ".join(text.split())) if href else text))
        if match is None:
            break
        at = match.end()
        pieces.append(("tag", match[0], ""))
        if match[2] == "a":
            address = HREF.search(match[3])
            href = entities.unescape(address[1]).strip() if address and not match[1] else ""
    return pieces


def _squeeze(pieces: list[tuple[str, str, str]]) -> tuple[str, list[tuple[int, int] | None]]:
    """Return the letters and digits of all texts, and of each the piece and the place in it (-1: the whole piece)."""
    letters: list[str] = []
    places: list[tuple[int, int] | None] = []
    for number, (kind, text, plain) in enumerate(pieces):
        if kind == "text":
            kept = [(place, letter) for place, letter in enumerate(plain) if letter.isalnum()]
            letters += [letter for _, letter in kept]
            places += [(number, place if plain == text else -1) for place, _ in kept]
    return "".join(letters), places


def _found(squeezed: str, passage: str) -> list[tuple[int, int]]:
    """Return where ``passage`` stands in ``squeezed``: in one piece, else each of its lines that does."""
    whole = "".join(filter(str.isalnum, passage))
    start = squeezed.find(whole) if whole else -1
    if start >= 0:
        return [(start, start + len(whole))]
    spans = []
    for line in re.split(r"\n+|(?<=[.!?])\s+", passage):
        short = "".join(filter(str.isalnum, line))
        start = squeezed.find(short) if len(short) >= SHORTEST else -1
        if start >= 0:
            spans.append((start, start + len(short)))
    return spans


def _with_marks(pieces: list[tuple[str, str, str]], marked: set[tuple[int, int]]) -> Iterable[str]:
    by_piece: dict[int, list[int]] = {}
    for number, place in marked:
        by_piece.setdefault(number, []).append(place)
    for number, (kind, text, _) in enumerate(pieces):
        if kind == "tag":
            yield text
        elif number not in by_piece:
            yield escape(text)
        else:
            yield _marked(text, by_piece[number])


def _marked(text: str, places: list[int]) -> str:
    runs = [[0, len(text)]] if -1 in places else []
    for place in [] if runs else sorted(places):
        if runs and not any(map(str.isalnum, text[runs[-1][1] : place])):
            runs[-1][1] = place + 1
        else:
            runs.append([place, place + 1])
    parts, at = [], 0
    for start, end in runs:
        # The full stop and the bracket behind the last letter belong to it.
        while end < len(text) and not text[end].isalnum() and not text[end].isspace():
            end += 1
        parts.append(f"{escape(text[at:start])}<mark>{escape(text[start:end])}</mark>")
        at = end
    return "".join(parts) + escape(text[at:])
