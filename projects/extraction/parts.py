"""Turns what a language model said of a comment's sentences into segments, beside what the rules say. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from projects.extraction.grounding import is_copied, squeezed
from projects.extraction.rejections import Rejection
from projects.extraction.schemas import Segment

PROJECT, AUTHOR = "project", "author"
# How sure a verdict is: the rules agree, they have no opinion, they say otherwise.
AGREED, ALONE, DISPUTED = 0.9, 0.7, 0.4
ADDRESS = re.compile(r"\bhttps?://|\bwww\.", re.IGNORECASE)
DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}", re.IGNORECASE)
# Words of a name at most, and of one that may be a whole sentence.
MOST_WORDS, SHORT = 6, 2
# What presents a name: words before it, words behind it; and how a sentence begins that turns to another thing.
MADE = (
    r"\b(?:called|named|calling it|(?:title|name) is|buil[dt]|building|make|making|made|writ(?:e|ing)|wrote|"
    r"creat(?:e|ed|ing)|develop(?:ed|ing)?|launch(?:ed|ing)?|releas(?:ed|ing)|start(?:ed|ing)?|found(?:ed|ing)|"
    r"ship(?:ped|ping)?|work(?:ed|ing)?(?: \w+)? on)"
)
IS_A = r"(?:\W+(?:(?:is|are|was|will be) )?(?:an?|the|my|our) |\s*[(\[]?\s*https?:|\s*[:–—]|\s-)"
TURNS = re.compile(
    r"\W*(?:(?:and|but) )?(?:i(?:['’]m| am|['’]ve| have)? (?:also|now)|also|another|besides|in addition|aside from|"
    r"apart from|separately|on the side|in my (?:spare|free) time|(?:the )?(?:second|other)|"
    r".{0,40}\bha(?:d|ve) an idea)\b",
    re.IGNORECASE,
)
# What models write where there is no name.
NO_NAMES = {"", "none", "null", "nil", "n/a", "na", "unnamed", "untitled", "unknown", "project", "no name"}


@dataclass(frozen=True)
class Part:
    """The sentences (from 1) that speak of one thing, and what a model says of it."""

    places: frozenset[int]
    verdict: str
    made_by: str = AUTHOR
    name: str = ""
    reason: str = ""

    @classmethod
    def of(cls, ranges: Iterable[tuple[int, int]], verdict: str, made_by: str, name: str, reason: str) -> Self:
        """Return a part for ranges of sentences."""
        places = frozenset(place for first, last in ranges for place in range(first, last + 1))
        return cls(places, verdict, made_by, name, reason)


def segments_of(parts: Sequence[Part], sentences: Sequence[str], rules: Sequence[Segment] = ()) -> list[Segment]:
    """Return a segment for each part, in the order of the comment; what is said of one project becomes one.

    ``rules`` are the segments that the rules find in the comment: where they judge otherwise the segment is unsure.
    """
    opinion = _Opinion(sentences, rules)
    judged = [_without_copies(part, sentences, opinion) for part in parts]
    named = [replace(part, name=_name(part, sentences)) for part in judged]
    joined = _joined([part for part in named if part.verdict == PROJECT], sentences, opinion)
    taken = frozenset(place for part in joined for place in part.places)
    others = [part for part in named if part.verdict != PROJECT]
    ordered = sorted([*joined, *others], key=lambda part: min(part.places, default=0))
    segments = [_segment(part, sentences, opinion, taken) for part in ordered]
    told = [part for part, segment in zip(ordered, segments, strict=True) if segment.is_project]
    return [
        segment.model_copy(update={"confidence": DISPUTED}) if opinion.is_told_before(part, told) else segment
        for part, segment in zip(ordered, segments, strict=True)
    ]


def _segment(part: Part, sentences: Sequence[str], opinion: "_Opinion", taken: frozenset[int]) -> Segment:
    text = " ".join(_said(part, sentences))
    fields = {"text": text, "name": part.name, "reason": part.reason[:300]}
    if part.verdict != PROJECT:
        return Segment(**fields, rejection=Rejection(part.verdict), confidence=opinion.of_none(part, taken))
    if part.made_by != AUTHOR and not opinion.is_project(part):
        # It contradicts itself, and nobody else holds this for the author's own.
        return Segment(**fields, rejection=Rejection.CHAT, confidence=DISPUTED)
    return Segment(**fields, confidence=opinion.of_project(part) if part.made_by == AUTHOR else DISPUTED)


def _without_copies(part: Part, sentences: Sequence[str], opinion: "_Opinion") -> Part:
    """Return a part whose reason was copied from the prompt's examples with the verdict of the rules, by nobody."""
    if not is_copied(part.reason, " ".join(sentences)):
        return part
    verdict = PROJECT if opinion.is_project(part) else part.verdict
    return replace(part, reason="", verdict=verdict, made_by="nobody")


def _joined(projects: Sequence[Part], sentences: Sequence[str], opinion: "_Opinion") -> list[Part]:
    """Join the parts that speak of one project.

    They have one name, or one is inside the other, or the model says of a nameless one what it said of the one before
    it, or the rules hold both for one project and no sentence presents the second as a thing of its own.
    """
    joined: list[Part] = []
    for part in sorted(projects, key=lambda part: min(part.places, default=0)):
        # The nearest first: what a small model splits stands together.
        same = next((other for other in reversed(joined) if _is_same(part, other, sentences, opinion)), None)
        if same is None:
            joined.append(part)
        else:
            whole = replace(same, places=same.places | part.places, name=_better_name(same.name, part.name))
            joined[joined.index(same)] = whole
    return joined


def _is_same(part: Part, other: Part, sentences: Sequence[str], opinion: "_Opinion") -> bool:
    if part.name and squeezed(part.name) == squeezed(other.name):
        return True
    have_links = _has_link(part, sentences) and _has_link(other, sentences)
    if part.name and other.name and _is_presented(part.name, other.name, _said(part, sentences)):
        return False
    if opinion.are_one(part, other) and (part.name or not have_links):
        return True
    if part.places <= other.places or other.places <= part.places:
        return not (_is_proper(part.name) and _is_proper(other.name))
    follows = not part.name and not other.name and min(part.places) == max(other.places) + 1
    return follows and part.reason == other.reason != "" and not have_links


def _is_presented(name: str, other: str, said: Sequence[str]) -> bool:
    """Return whether a sentence presents ``name`` as a thing beside ``other``: "Foo is a …", "built Foo", "also a foo".

    A small model gives each part of one thing a name that stands in its sentence: "it runs Foo", "exports to Bar".
    """
    plain = re.escape(name)
    if any(TURNS.match(each) and squeezed(name) in squeezed(each) for each in said):
        return True
    if not _is_proper(name):
        return False
    presented = re.compile(
        rf"{MADE}\W+(?:(?:an?|the|my|our|this|of) )*{plain}(?!\w)|(?:^|\n)\W*(?:and |then )?{plain}{IS_A}"
        rf"|{re.escape(other)}\W+(?:(?:and|&) )?(?:an? |the |my |our )?{plain}(?!\w)",
        re.IGNORECASE,
    )
    return any(presented.search(each) for each in said)


def _said(part: Part, sentences: Sequence[str]) -> list[str]:
    return [sentences[place - 1] for place in sorted(part.places) if place <= len(sentences)]


def _is_proper(name: str) -> bool:
    """Return whether ``name`` is written as names are: one word, or one that has a capital letter or a digit."""
    return bool(name) and (" " not in name or name != name.lower() or any(map(str.isdigit, name)))


def _better_name(first: str, other: str) -> str:
    """Return the first name, but for words that say what a thing is where the other is its address: "kopimap.com"."""
    return other if not first or (DOMAIN.fullmatch(other) and not _is_proper(first)) else first


def _has_link(part: Part, sentences: Sequence[str]) -> bool:
    return any(map(ADDRESS.search, _said(part, sentences)))


def _name(part: Part, sentences: Sequence[str]) -> str:
    """Return the part's name where the comment has it and it is one: not made up, no clause, no whole sentence."""
    name = " ".join(part.name.split())
    sign, said = squeezed(name), [squeezed(sentence) for sentence in sentences]
    is_none = name.lower().strip(".") in NO_NAMES or ADDRESS.search(name)
    if not sign or is_none or sign not in "".join(said):
        return ""
    words = len(name.split())
    return "" if words > MOST_WORDS or (words > SHORT and sign in said) else name


class _Opinion:
    """What the rules say of the sentences of a comment."""

    def __init__(self, sentences: Sequence[str], rules: Sequence[Segment]) -> None:
        self._sentences = [squeezed(sentence) for sentence in sentences]
        self._rules = [(segment, squeezed(segment.text)) for segment in rules]

    def _about(self, part: Part) -> list[Segment]:
        """Return the rules' segments that hold one of the part's sentences."""
        said = [self._sentences[place - 1] for place in part.places if place <= len(self._sentences)]
        return [segment for segment, text in self._rules if any(each and each in text for each in said)]

    def is_project(self, part: Part) -> bool:
        return any(segment.is_project for segment in self._about(part))

    def of_project(self, part: Part) -> float:
        """Return how sure it is that ``part`` is a project."""
        about = self._about(part)
        if not about:
            return ALONE
        return AGREED if any(segment.is_project for segment in about) else DISPUTED

    def of_none(self, part: Part, taken: frozenset[int]) -> float:
        """Return how sure it is that ``part`` is none, where projects were found in the sentences ``taken``."""
        about = self._about(part)
        if not about:
            return ALONE
        found = self._about(Part(taken, PROJECT))
        lost = [segment for segment in about if segment.is_project and segment not in found]
        return DISPUTED if lost else AGREED

    def is_told_before(self, part: Part, projects: Sequence[Part]) -> bool:
        """Return whether the rules hold ``part`` and one of ``projects`` that comes before it for one project."""
        return part in projects and any(self.are_one(part, other) for other in projects[: projects.index(part)])

    def are_one(self, part: Part, other: Part) -> bool:
        """Return whether the rules hold both for one project."""
        about = [segment for segment in self._about(Part(part.places | other.places, PROJECT)) if segment.is_project]
        return len(about) == 1 and about == self._about(part) == self._about(other)
