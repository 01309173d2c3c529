"""Marks in the texts of a project the words that were looked for. Pure: texts go in, stretches of text come out."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from projects.search.spelling import near

# A word with what belongs to it: c++, C#, .NET, it's.
WORD = re.compile(r"(?<![^\W_])\.?[^\W_]+(?:['’][^\W_]+)*(?:\+{1,3}|#)?")
SHORTEST_BEGINNING = 3
# What a language adds to a stem at most: "ation" of "inform".
LONGEST_ENDING = 5
EXCERPT = 220


@dataclass(frozen=True)
class Segment:
    """A stretch of plain text, not HTML; marked where it is what was looked for."""

    text: str
    marked: bool = False


Matches = Callable[[str], bool]


def matcher(typed: Iterable[str], stems: Iterable[str], forgiving: bool) -> Matches:
    """Return what tells whether a word of a text is one of those ``typed``, or made from one of ``stems``.

    ``forgiving`` takes those with a typing error too.
    """
    words = {word.lower() for text in typed for word in WORD.findall(text)}
    begun = tuple(word for word in words if len(word) >= SHORTEST_BEGINNING)
    roots = [stem for stem in stems if len(stem) >= SHORTEST_BEGINNING]
    # Snowball writes "categori" for "category".
    roots += [f"{stem[:-1]}y" for stem in roots if stem.endswith("i")]

    def matches(word: str) -> bool:
        word = word.lower()
        if word in words or word.startswith(begun):
            return True
        if any(word.startswith(root) and len(word) - len(root) <= LONGEST_ENDING for root in roots):
            return True
        return forgiving and any(near(word, other) for other in begun)

    return matches


def marked(text: str, matches: Matches) -> tuple[Segment, ...]:
    """Return ``text`` in stretches, those of matching words marked; neighbours with a space between are one."""
    stretches: list[list[int]] = []
    for word in WORD.finditer(text):
        if not matches(word[0]):
            continue
        if stretches and text[stretches[-1][1] : word.start()].strip() == "":
            stretches[-1][1] = word.end()
        else:
            stretches.append([word.start(), word.end()])
    segments, at = [], 0
    for start, end in stretches:
        segments += [Segment(text[at:start]), Segment(text[start:end], marked=True)]
        at = end
    segments.append(Segment(text[at:]))
    return tuple(segment for segment in segments if segment.text)


def excerpt(text: str, matches: Matches) -> tuple[Segment, ...]:
    """Return the stretch of ``text`` with most of the matching words, marked; nothing where it has none."""
    text = " ".join(text.split())
    places = [word.start() for word in WORD.finditer(text) if matches(word[0])]
    if not places:
        return ()
    best = max(places, key=lambda place: (sum(place <= other < place + EXCERPT - 40 for other in places), -place))
    start = max(0, best - 40)
    start = text.find(" ", start) + 1 if start else 0
    end = len(text) if len(text) <= start + EXCERPT else text.rfind(" ", best + 1, start + EXCERPT)
    end = end if end > best else start + EXCERPT
    shown = f"{'… ' if start else ''}{text[start:end]}{' …' if end < len(text) else ''}"
    return marked(shown, matches)
