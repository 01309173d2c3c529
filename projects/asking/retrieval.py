"""Whether what the search found can answer a question at all: words of it must stand in what was found. Pure."""

import re
from collections.abc import Sequence
from typing import Any

from projects.asking.grounding import content_words, shared

# Of the words that say something in a question or in what was looked for, the share that one project must have.
# Measured on the sample and on a real thread (docs/asking.md).
LEAST_COVERAGE = 0.5
COUNTING = re.compile(
    r"\bhow (many|much|often|did|has|have)\b|\bnumber of\b|\bcount\b|\bmore\b|\bcompar|\btrend|\bmost\b", re.I
)


def coverage(text: str, given: str) -> float:
    """Return the share of the words of ``text`` that stand in ``given``; 0 for a text without any."""
    words = content_words(text)
    return len(shared(words, given)) / len(words) if words else 0.0


def is_hopeless(question: str, searched: str, results: Sequence[dict[str, Any]]) -> bool:
    """Return whether nothing in ``results`` can carry an answer.

    That is where no project has LEAST_COVERAGE of the words of the question, or of what was ``searched`` for it, and no
    figure was asked for.
    """
    projects = [result for result in results if result["kind"] in ("project", "appearances")]
    if any(result["kind"] not in ("project", "appearances") for result in results) and COUNTING.search(question):
        return False
    texts = [f"{result['label']} {result['text']}" for result in projects]
    best = max((coverage(asked, text) for asked in (question, searched) if asked for text in texts), default=0.0)
    return best < LEAST_COVERAGE
