"""Mends what the fields of a model's answer hold where all information is there, and notes what it did. Pure.

A field is mended by its name, in whichever form asks for it: ``FIELDS`` is the table. What a field's mender cannot
read it returns as it came, and the form then says what is wrong with it.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from projects.extraction.mending.links import link_summaries, primary_link, tags
from projects.extraction.mending.numbers import score, whole
from projects.extraction.mending.segments import MAKERS, VERDICTS, in_range, is_said_already, places, word_of
from projects.extraction.mending.texts import description, line, short, text_of

Mended = Counter[str]
Mender = Callable[[Any], Any]

FIELDS: dict[str, Mender] = {
    "title": line,
    "short_description": short,
    "description": description,
    "tags": tags,
    "idea_score": score,
    "complexity_score": score,
    "idea_reason": text_of,
    "complexity_reason": text_of,
    "first": whole,
    "last": whole,
    "more": places,
    "name": text_of,
    "reason": text_of,
    "made_by": partial(word_of, MAKERS, "author"),
    "verdict": partial(word_of, VERDICTS, None),
}
# What may be missing, and stands for it.
DEFAULTS: dict[str, Any] = {
    "primary_link": None,
    "link_summaries": None,
    "idea_reason": None,
    "complexity_reason": None,
}


def mend_comment(answer: dict[str, Any], noted: Mended, *, sentences: int) -> dict[str, Any]:
    """Return an answer to "what is in this comment", of so many sentences, with its fields mended."""
    parts = answer.get("segments")
    if isinstance(parts, dict) and parts and all(isinstance(part, dict) for part in parts.values()):
        parts = list(parts.values())
        noted["segments"] += 1
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        return answer
    parts = [mend_fields(part, FIELDS, noted) for part in parts]
    parts = in_range(parts, sentences, noted)
    kept = [part for place, part in enumerate(parts) if part not in parts[:place]]
    # No more than the form takes; what is said twice of the same sentences goes first, then what is no project.
    for is_superfluous in (is_said_already(kept), lambda part: part.get("verdict") != "project"):
        while len(kept) > max(sentences, 1) and (extra := [part for part in kept if is_superfluous(part)]):
            kept.remove(extra[-1])
    noted["segments"] += len(parts) != len(kept)
    return answer | {"segments": kept}


def mend_project(answer: dict[str, Any], noted: Mended, *, links: Sequence[str]) -> dict[str, Any]:
    """Return a description of a project with the given ``links``, with its fields mended."""
    by_links = {"primary_link": partial(primary_link, links), "link_summaries": partial(link_summaries, links)}
    return mend_fields(DEFAULTS | answer, FIELDS | by_links, noted)


def mend_fields(answer: dict[str, Any], menders: dict[str, Mender], noted: Mended) -> dict[str, Any]:
    """Return ``answer`` with each field mended for which there is a mender."""
    mended = dict(answer)
    for name, value in answer.items():
        if name in menders:
            mended[name] = menders[name](value)
            # In type too: True is no 1, and "7" no 7.
            noted[name] += repr(mended[name]) != repr(value)
    return mended
