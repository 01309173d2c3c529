"""Whether what the tools found can answer a question at all: words of it must stand in what was found. Pure.

Measured on 80 questions over the sample and a real thread (docs/asking.md): where an answer is there, one project has
two thirds of the words that say something in the question, and where none is, half of them at most.
"""

import re
from collections.abc import Sequence
from typing import Any

from projects.asking.grounding import COMMON, WORD, content_words, shared

# Of the words of a question, or of what a model had looked for in its place, that one project must have.
LEAST_COVERAGE = 0.6
# Of the question's own, where it stands alone: a model drops the words that nothing answers.
LEAST_OF_THE_QUESTION = 0.4
FEWEST_WORDS = 2
COUNTING = re.compile(
    r"\bhow (?:many|much|often|did|has|have)\b|\bnumber of\b|\bcount\b|\bmore\b|\bcompar|\btrend|\bmost\b",
    re.IGNORECASE,
)
OF_PROJECTS = ("project", "appearances")


def coverage(text: str, given: str) -> float:
    """Return the share of the words of ``text`` that stand in ``given``; 0 for a text without any."""
    words = content_words(text)
    return len(shared(words, given)) / len(words) if words else 0.0


def is_hopeless(question: str, searched: str, results: Sequence[dict[str, Any]], *, stands_alone: bool = True) -> bool:
    """Return whether nothing in ``results`` can carry an answer to ``question``.

    ``searched`` is what was looked for in its place. A question that does not stand alone speaks of what was said
    before, one in another language has no word of the results: of those, what was searched for decides.
    """
    figures = [result for result in results if result["kind"] not in OF_PROJECTS]
    if figures and COUNTING.search(question):
        return False
    texts = [f"{result['label']} {result['text']}" for result in results if result["kind"] in OF_PROJECTS]
    tools = {result["tool"] for result in results}
    if "alike" in tools:
        return False
    own = max((coverage(question, text) for text in texts), default=0.0)
    instead = max((coverage(searched, text) for text in texts), default=0.0)
    if stands_alone and is_english(question):
        # One word that a model put in the place of a question is found everywhere, unless it is a project's name.
        is_vague = len(content_words(searched)) < FEWEST_WORDS and "project" not in tools
        return own < (LEAST_COVERAGE if is_vague else LEAST_OF_THE_QUESTION) or max(own, instead) < LEAST_COVERAGE
    return max(own, instead) < LEAST_COVERAGE


def is_english(text: str) -> bool:
    """Return whether ``text`` has a word that hardly another language has."""
    return any(word.casefold() in COMMON and len(word) > 1 for word in WORD.findall(text))
