"""Splits a comment into the stretches that speak of one project each. Pure.

Splitting too much is worse than too little: features, links and news of one project must stay together. So a split needs
a sign of its own: a list that was announced as projects or whose items carry links to different projects, headings with
a link, or a turn of phrase such as "Also, I'm building a …".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from projects.extraction.rules.footnotes import inlined
from projects.extraction.rules.lists import ANNOUNCED, MOST_PIECES, Block, blocks_of, headed_starts, list_starts
from projects.extraction.rules.prose import read_prose, repaired, words
from projects.extraction.rules.turns import split_by_turns

# A comment is split by its beginning; nobody lists projects after this many characters.
SPLIT_CHARACTERS = 20_000


@dataclass(frozen=True)
class Piece:
    """A stretch of a comment. ``is_intro`` for what stands before a list of projects."""

    text: str
    is_intro: bool = False


def pieces(text: str, known: Sequence[str] = ()) -> list[Piece]:
    """Return the stretches of ``text``, in order, at least one. ``known`` are the comment's links.

    A comment about one thing comes back as it is. Otherwise numbered notes stand where they are cited, so that each
    stretch holds its own links.
    """
    whole = text.strip()
    tail = whole[SPLIT_CHARACTERS:]
    blocks = blocks_of(inlined(repaired(whole[:SPLIT_CHARACTERS], known)), known)
    if len(blocks) == 1 and blocks[0].text.count(". ") == 0 and "\n" not in blocks[0].text:
        return [Piece(whole)]
    starts = list_starts(blocks) or headed_starts(blocks)
    split: list[Piece] = []
    for number, group in enumerate(_grouped(blocks, starts)):
        is_intro = bool(starts and starts[0] and number == 0)
        split += [
            Piece(part, is_intro) for part in split_by_turns("\n\n".join(block.text for block in group), known) if part
        ]
    if len(split) <= 1:
        return [Piece(whole)]
    if len(split) > MOST_PIECES or tail:
        rest = "\n\n".join(piece.text for piece in split[MOST_PIECES - 1 :]) + tail
        split = [*split[: MOST_PIECES - 1], Piece(rest)]
    return split


def _grouped(blocks: list[Block], starts: list[int]) -> list[list[Block]]:
    """Return the blocks in groups: what comes before the first start, then one group for each start."""
    if not starts:
        return [blocks]
    edges = [*starts, len(blocks)]
    groups = [blocks[: starts[0]]] if starts[0] else []
    groups += [blocks[edges[number] : edges[number + 1]] for number in range(len(starts))]
    return groups


def is_announcement(text: str) -> bool:
    """True for what only opens or closes a list of projects: "I work on three things currently."."""
    said = read_prose(text)
    return len(words(said.text)) <= 20 and not said.links and (not said.has_words or bool(ANNOUNCED.search(said.text)))
