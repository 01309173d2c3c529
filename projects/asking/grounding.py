"""Whether a sentence of an answer stands on the results that it names. Pure.

A sentence is carried where it names results that there are, has words in common with each of them, and no figure that
stands in none of them. What is not is kept and marked: a reader sees what to trust.
"""

import calendar
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from projects.asking.sentences import parted

WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)?")
FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
SHORTEST = 3
# Of a sentence's words, those that must stand in its results or in the question.
LEAST_SHARE = 0.5
# Words that any sentence may have, and which tie it to nothing.
COMMON = frozenset(
    """a about above after aims all almost also although among an and another any anybody anyone anything app
    application apps are around as at back based be because been being between both build building builds
    built but by called came can come compared create created creates currently develop developed develops did
    do does each either every everything exist exists few find for from get give given gives goes going had
    has have he help helps her here him his how however i if in include includes including index interested
    interesting into is it its itself just kind know least less like list listed look looking looks made make
    makes making many may me mention mentioned mentions month months more most much my named need needs no
    nobody not nothing now number of offers often on one only or other others our out over people per person
    please plus posted project projects provide provides question result results right same say says see she
    show shown shows since so some somebody someone something such tell tells than that the their them there
    these they thing things think this those through time times to too tool tools two under up use used user
    users uses using very want wants was we well went were what when where which while who whose why will with
    within work working works would year years you your""".split()
)
_FROM_TWO = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty"
)
NUMBER_WORDS = {word: number for number, word in enumerate(_FROM_TWO.split(), 2)} | {"dozen": 12, "hundred": 100}
MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}

NO_NUMBER = "It names no result."
NO_RESULT = "It names a result that there is not."
NO_FIGURE = "It has a figure that stands in none of its results."
NO_WORDS = "It has hardly a word in common with its results."


@dataclass(frozen=True)
class Sentence:
    """A sentence without its numbers, the numbers of the results that carry it, and why it is not carried."""

    text: str
    citations: list[int] = field(default_factory=list)
    grounded: bool = False
    why: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def judged(said: str, results: Sequence[Mapping[str, Any]], question: str) -> Sentence:
    """Return what a model ``said`` as a sentence, judged by ``results`` (number, label and text of each).

    A result that it calls by its name counts as named, and one that it has no word in common with does not.
    """
    text, numbers = parted(said)
    texts = {result["number"]: f"{result['label']} {result['text']}" for result in results}
    named = [result["number"] for result in results if is_called(text, result)]
    known = [number for number in numbers if number in texts]
    if not numbers:
        return Sentence(text, [], grounded=False, why=NO_NUMBER)
    if not known:
        return Sentence(text, [], grounded=False, why=NO_RESULT)
    cited = sorted({*known, *named})
    words = content_words(text)
    tied = [number for number in cited if number in named or shared(words, texts[number])]
    if not tied:
        return Sentence(text, known, grounded=False, why=NO_WORDS)
    given = " ".join(texts[number] for number in tied)
    months = {str(MONTHS[word]) for word in map(str.casefold, WORD.findall(given)) if word in MONTHS}
    if figures(text) - figures(given) - months:
        return Sentence(text, tied, grounded=False, why=NO_FIGURE)
    if words and len(shared(words, f"{given} {question}")) < LEAST_SHARE * len(words):
        return Sentence(text, tied, grounded=False, why=NO_WORDS)
    return Sentence(text, tied, grounded=True)


def is_called(text: str, result: Mapping[str, Any]) -> bool:
    """Return whether ``text`` calls a project by its name, as that is written."""
    name = str(result["label"])
    if result["kind"] != "project" or len(name) < SHORTEST:
        return False
    # A name of one plain word ("Testing") is only one where it stands as such, not at the beginning.
    if (found := re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)) is None:
        return False
    return found.start() > 0 or not name.isalpha() or name not in (name.capitalize(), name.lower())


def content_words(text: str) -> list[str]:
    """Return the words of ``text`` that say something, in lower case, each once."""
    words = (word.casefold() for word in WORD.findall(text))
    kept = (word for word in words if len(word) >= SHORTEST and word not in COMMON and word not in NUMBER_WORDS)
    return list(dict.fromkeys(word for word in kept if not word.isdigit()))


def shared(words: Sequence[str], given: str) -> list[str]:
    """Return those of ``words`` that stand in ``given``, by their beginnings: "budgeting" stands on "budget"."""
    known = {stem(word.casefold()) for word in WORD.findall(given)}
    return [word for word in words if stem(word) in known]


def stem(word: str) -> str:
    """Return the beginning by which a word is compared."""
    word = re.sub(r"['’].*", "", word)
    for ending in ("ations", "ation", "ings", "ing", "ies", "ers", "ed", "es", "er", "ly", "s", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST:
            return word[: -len(ending)]
    return word


def figures(text: str) -> set[str]:
    """Return the figures in ``text``, in digits or words up to twenty, in one spelling each."""
    found = set()
    for match in FIGURE.findall(text):
        plain = re.sub(r",(?=\d{3}(?:\D|$))", "", match)
        found |= {part.lstrip("0") or "0" for part in re.split(r",", plain)}
    words = {str(NUMBER_WORDS[word]) for word in map(str.casefold, WORD.findall(text)) if word in NUMBER_WORDS}
    return {figure.rstrip(".") for figure in found} | words
