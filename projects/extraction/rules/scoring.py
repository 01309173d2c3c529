"""Two scores from signals that can be seen in a text, each with the reasons it came from. Pure.

A score starts at its base, every signal that is found (``data/scores.yml``) adds its weight once, and the sum is rounded
into 1 to 10. The weights measure what a comment shows, not what a project is worth.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

SCORES_FILE = Path(__file__).parent.parent / "data" / "scores.yml"
IDEA_BASE = 3.0
COMPLEXITY_BASE = 3.0


@dataclass(frozen=True)
class Signal:
    """A visible sign: what is added to the score where ``pattern`` occurs, and how the reason calls it."""

    reason: str
    weight: float
    pattern: re.Pattern[str]


@cache
def signals(kind: str) -> tuple[Signal, ...]:
    """Return the signals of ``data/scores.yml`` for ``idea`` or ``complexity``. Raises ValueError for a bad file."""
    try:
        rows = yaml.safe_load(SCORES_FILE.read_text(encoding="utf-8"))[kind]
        return tuple(Signal(row["reason"], float(row["weight"]), _compiled(row["words"])) for row in rows)
    except (KeyError, TypeError, ValueError, re.error, yaml.YAMLError) as error:
        raise ValueError(f"{SCORES_FILE} can't be used: {error!r}") from error


def _compiled(words: list[str]) -> re.Pattern[str]:
    whole = "|".join(word for word in words if not word.startswith("~"))
    free = [word[1:] for word in words if word.startswith("~")]
    return re.compile("|".join([rf"\b(?:{whole})\b", *free]), re.IGNORECASE)


#: (fewest words, weight) of the text's length: who describes much has mostly thought much.
IDEA_LENGTHS = ((12, 0.0), (40, 0.6), (100, 1.0), (180, 1.3))
SHORTEST_IDEA = -1.2
#: (fewest technologies named, weight).
TECHNOLOGY_COUNTS = ((2, 0.5), (3, 0.9), (5, 1.4))
LINK_WEIGHT = 0.8
RANGE = (1, 10)


def idea_score(text: str, words: int, has_own_link: bool) -> tuple[int, str]:
    """Return the score of the idea, 1 to 10, and its reasons. ``words`` is the length of ``text``."""
    found = _found(signals("idea"), text)
    if has_own_link:
        found.append(("can be looked at", LINK_WEIGHT))
    if words < IDEA_LENGTHS[0][0]:
        found.append(("hardly described", SHORTEST_IDEA))
    else:
        weight = _step(IDEA_LENGTHS, words)
        if weight:
            found.append(("described at some length", weight))
    return _scored(IDEA_BASE, found)


def complexity_score(text: str, technologies: int) -> tuple[int, str]:
    """Return the score of the complexity, 1 to 10, and its reasons. ``technologies`` are those named in ``text``."""
    found = _found(signals("complexity"), text)
    weight = _step(TECHNOLOGY_COUNTS, technologies)
    if weight:
        found.append((f"{technologies} technologies named", weight))
    return _scored(COMPLEXITY_BASE, found)


def _found(signals: tuple[Signal, ...], text: str) -> list[tuple[str, float]]:
    return [(signal.reason, signal.weight) for signal in signals if signal.pattern.search(text)]


def _step(steps: tuple[tuple[int, float], ...], count: int) -> float:
    return max((weight for fewest, weight in steps if count >= fewest), default=0.0)


def _scored(base: float, found: list[tuple[str, float]]) -> tuple[int, str]:
    lowest, highest = RANGE
    score = min(highest, max(lowest, round(base + sum(weight for _, weight in found))))
    strongest = sorted(found, key=lambda one: -abs(one[1]))
    listed = ", ".join(f"{reason} ({weight:+.1f})" for reason, weight in strongest)
    return score, f"From {base:.0f}: {listed}."[:500] if listed else f"No sign in the text moves it from {base:.0f}."
