"""Whether what a language model wrote stands on what it was given. Pure."""

import re
from collections.abc import Iterable

from projects.extraction.prompts import EXAMPLE_REASONS, EXAMPLE_WORDS

WORD = re.compile(r"[^\W_]+")
SHORTEST = 3  # letters of a word that says something
# Words that any title may have, and which ground none.
COMMON = frozenset(
    "a about an and app application based by for from in my new of on online open or our platform project service "
    "site software source system that the to tool using via web website with your".split()
)
# Of a text in another script than that of English, a title in English has no word.
MOST_FOREIGN = 0.2


def is_grounded(title: str, given: Iterable[str]) -> bool:
    """Return whether ``title`` is a name or words of the texts ``given``: at least half of those that say something.

    A word counts by its beginning, since "Budgeting" stands on "budget". Where the texts are in another script, a title
    in English cannot be compared, and passes.
    """
    said = "\n".join(given).casefold()
    if squeezed(title) and squeezed(title) in squeezed(said):
        return True
    if example_words([title], said):
        return False
    if _foreign(said) > MOST_FOREIGN:
        return True
    words = [word for word in WORD.findall(title.casefold()) if len(word) >= SHORTEST and word not in COMMON]
    known = sorted(set(WORD.findall(said)))
    grounded = sum(any(other.startswith(_stem(word)) for other in known) for word in words)
    return bool(words) and 2 * grounded >= len(words)


def example_words(texts: Iterable[str], given: str) -> list[str]:
    """Return the words of the prompts' examples in ``texts`` that do not stand in ``given``: they were copied."""
    said = {word for text in texts for word in WORD.findall(text.casefold())}
    return sorted(said & EXAMPLE_WORDS - set(WORD.findall(given.casefold())))


def is_copied(reason: str, given: str) -> bool:
    """Return whether a verdict's ``reason`` is one of the examples, or has words of theirs that ``given`` has not."""
    return reason.strip().rstrip(".") in EXAMPLE_REASONS or bool(example_words([reason], given))


def _stem(word: str) -> str:
    return word[: max(4, len(word) - 3)]


def _foreign(text: str) -> float:
    letters = [letter for letter in text if letter.isalpha()]
    return sum(letter > "ɏ" for letter in letters) / len(letters) if letters else 0.0


def squeezed(text: str) -> str:
    """Return the letters and digits of ``text`` alone, without case: what two spellings of a name share."""
    return "".join(filter(str.isalnum, text.casefold()))
