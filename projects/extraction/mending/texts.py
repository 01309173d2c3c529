"""Mends the texts of an answer: lists of sentences, signs around a title, too many words. Pure."""

import re
from typing import Any

LONGEST_LINE = 200  # characters of a title or a short description
MOST_WORDS, WORDS_KEPT = 14, 12  # of a short description; of one that has more
LONGEST_DESCRIPTION = 5_000
QUOTING_SIGNS = "\"'`*_“”„‘’«»"
WRAPPING_SIGNS = QUOTING_SIGNS + "#"
# A text that is cut does not end with one.
LOOSE_ENDS = set(
    "a an and as at because but by for from in into of on or so that the to when which while who with".split()
)
# With one of these a clause begins that may be left away, with what it is of before it.
CLAUSES = set("that which where who whose so because while including".split())
FEWEST_KEPT = 4  # words before such a clause
# Scripts that are written without spaces: two signs are about a word.
UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def words_in(text: str) -> int:
    """Return about how many words a text has, in scripts without spaces too."""
    unspaced = len(UNSPACED.findall(text))
    return len(UNSPACED.sub(" ", text).split()) + (unspaced + 1) // 2


def text_of(value: Any) -> Any:
    """Return the text of a value that may be a list of sentences, or nothing."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        parts = [text.strip() for each in value if isinstance(text := text_of(each), str) and text.strip()]
        return " ".join(part if part[-1] in ".!?…。！？:;," else f"{part}." for part in parts)
    if isinstance(value, dict):
        return text_of([each for each in value.values() if isinstance(each, str | list)]) or value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def line(value: Any) -> Any:
    """Return a title: one line without the signs that wrap it, cut at a word."""
    text = value if isinstance(value, str) else " ".join(value) if _is_texts(value) else text_of(value)
    if not isinstance(text, str):
        return value
    text = " ".join(text.split())
    inside = text.strip(WRAPPING_SIGNS).strip()
    around = {text[:1], text[-1:]}
    if inside and around <= set(WRAPPING_SIGNS) and not around & set(inside):
        text = inside
    return cut_at_word(text, LONGEST_LINE)


def short(value: Any) -> Any:
    """Return a short description: one line of few words."""
    text = line(value)
    if not isinstance(text, str) or words_in(text) <= MOST_WORDS:
        return text
    words = text.split()
    if len(words) > WORDS_KEPT:
        return _without_loose_end(" ".join(_without_clause(words[:WORDS_KEPT])))
    return cut_at_word(text, 2 * WORDS_KEPT)


def description(value: Any) -> Any:
    text = text_of(value)
    return cut_at_word(text, LONGEST_DESCRIPTION) if isinstance(text, str) else value


def cut_at_word(text: str, longest: int) -> str:
    """Return ``text``, or its beginning of at most ``longest`` characters, cut between words where there are some."""
    text = text.strip()
    if len(text) <= longest:
        return text
    cut = text[:longest]
    spaced = cut.rpartition(" ")[0] if not text[longest].isspace() else cut
    return _without_loose_end(spaced if len(spaced) > longest // 2 else cut)


def _without_clause(words: list[str]) -> list[str]:
    """Return the words of a cut text without the last clause in it, which was cut."""
    begins = [place for place, word in enumerate(words) if word.lower() in CLAUSES or words[place - 1].endswith(",")]
    return words[: begins[-1]] if begins and begins[-1] >= FEWEST_KEPT else words


def _without_loose_end(text: str) -> str:
    while True:
        text = text.rstrip(" ,;:-–—(")
        before, _, last = text.rpartition(" ")
        if not before or last.lower() not in LOOSE_ENDS:
            return text
        text = before


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
