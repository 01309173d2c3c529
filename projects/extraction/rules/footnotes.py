"""Notes below a text, ``[1] https://…``, and the places that bear their marks. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from core.addresses import addresses_in

WORDS_OF_A_LABEL = 4  # "[1] Source code: https://…" says no more than the link; a longer note is read
LONGEST_LABEL = 80  # characters between a mark and its address

_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_STARS = r"\*{1,3}|[†‡]"
# "[1] https://…", "[1]: Source: https://…", "(1) - https://…", "¹ https://…", "1. https://…", "* https://…".
_NOTE = re.compile(
    rf"(?:^[ \t]*(?:[-•][ \t]+)?(?:\[\^?(?P<square>\w{{1,2}})\]|\((?P<round>\d{{1,2}})\)|(?P<raised>[{_SUPERSCRIPTS}]{{1,2}})"
    rf"|(?P<number>\d{{1,2}})(?=[.:)])|(?P<star>{_STARS}))"
    rf"(?P<label>[^\n\[\]{_SUPERSCRIPTS}]{{0,{LONGEST_LABEL}}}?)"
    # Within a line the address follows at once.
    rf"|(?<=[\s.,;:!?)])(?:\[\^?(?P<square2>\w{{1,2}})\]|(?P<raised2>[{_SUPERSCRIPTS}]{{1,2}}))[ \t]*[:.=–—-]*[ \t]*)"
    r"(?=https?://)",
    re.MULTILINE | re.IGNORECASE,
)
_CITED = re.compile(
    r"\s?\[\^?(?P<square>\w{1,2}(?:\s*[,;&]\s*\d{1,2}){0,4})\](?!\()"
    r"|\s?(?<![\w(])\((?P<round>\d{1,2})\)"
    rf"|(?P<raised>[{_SUPERSCRIPTS}]{{1,2}})"
    rf"|(?<=[\w)\"”])(?P<star>{_STARS})(?=[\s,.;:!?)]|$)",
    re.MULTILINE,
)
_BETWEEN = re.compile(r"[\s,;&]*(?:and)?[\s,;&]*", re.IGNORECASE)
_RAISED = str.maketrans(_SUPERSCRIPTS, "0123456789")


@dataclass(frozen=True)
class Note:
    """A note of ``mark`` at ``start`` to ``end`` of its text; ``said`` is what it says where that is more than a label."""

    mark: str
    start: int
    end: int
    addresses: tuple[str, ...]
    said: str


def footnotes(text: str) -> frozenset[str]:
    """Return the addresses that stand in notes which ``text`` cites."""
    return frozenset(address for note in _cited_notes(text) for address in note.addresses)


def inlined(text: str) -> str:
    """Return ``text`` with the addresses of each note in place of the marks that cite it; a note nobody cites stays."""
    notes = _cited_notes(text)
    if not notes:
        return text
    by_mark = {note.mark: note for note in notes}

    def put(match: re.Match[str]) -> str:
        found = [by_mark[mark] for mark in _marks(match) if mark in by_mark]
        addresses = dict.fromkeys(address for note in found for address in note.addresses)
        return f" ({', '.join(addresses)}) " if addresses else match[0]

    parts, at = [], 0
    for note in notes:
        parts.append(_CITED.sub(put, text[at : note.start]))
        parts.append(note.said)
        at = note.end
    parts.append(_CITED.sub(put, text[at:]))
    whole = re.sub(r"(?<=\)) +(?=[,.;:!?)]| )", "", "".join(parts))
    return re.sub(r"[ \t]*\n(?:[ \t]*\n)+", "\n\n", whole).strip()


def _cited_notes(text: str) -> list[Note]:
    """Return the notes that are cited, in order; of two with one mark the last, as numbers start anew further on."""
    if "http" not in text:
        return []
    notes = list(_notes(text))
    if not notes:
        return []
    cited: set[str] = set()
    at = 0
    for note in [*notes, None]:
        for match in _CITED.finditer(text, at, note.start if note else len(text)):
            if match["star"] is None or not _is_emphasis(text, match):
                cited.update(_marks(match))
        at = note.end if note else at
    return [note for note in notes if note.mark in cited]


def _notes(text: str) -> Iterator[Note]:
    at = 0
    seen: set[str] = set()
    while match := _NOTE.search(text, at):
        at = match.end()
        mark = _mark_of(match)
        line_end = text.find("\n", at)
        line_end = len(text) if line_end < 0 else line_end
        following = _NOTE.search(text, at, line_end)
        end = following.start() if following else line_end
        addresses, rest = _addresses(text[at:end])
        if not addresses or mark in seen:
            continue
        seen.add(mark)
        label = (match["label"] or "").strip(" :.=–—-")
        is_label = len(f"{label} {rest}".split()) <= WORDS_OF_A_LABEL
        yield Note(mark, match.start(), end, addresses, "" if is_label else f"{label} {text[at:end]}".strip())
        at = end


def _addresses(text: str) -> tuple[tuple[str, ...], str]:
    """Return the addresses at the beginning of ``text``, with nothing but commas between them, and what follows."""
    found: list[str] = []
    at = 0
    for start, end, address in addresses_in(text):
        if not _BETWEEN.fullmatch(text, at, start):
            break
        found.append(address)
        at = end
    return tuple(found), text[at:].strip(" \t.,;:–—-)")


def _mark_of(match: re.Match[str]) -> str:
    square = match["square"] or match["square2"] or match["number"]
    raised = match["raised"] or match["raised2"]
    return square or (raised and raised.translate(_RAISED)) or match["round"] or match["star"]


def _marks(match: re.Match[str]) -> list[str]:
    if match["square"]:
        return re.findall(r"\w+", match["square"])
    return [match["raised"].translate(_RAISED) if match["raised"] else match["round"] or match["star"]]


def _is_emphasis(text: str, match: re.Match[str]) -> bool:
    """True for the star that ends ``*emphasis*``."""
    line = text[text.rfind("\n", 0, match.start()) + 1 : match.start("star")]
    return "*" in re.sub(r"^[ \t]*\*[ \t]+", "", line)
