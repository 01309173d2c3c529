"""What a look at a part of Waywo says."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

OK = "ok"
# It works, but somebody should look.
DEGRADED = "degraded"
# It does not work now.
FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """``state`` is ok, degraded or failed. ``remedy`` may stay empty where the part's own says what to do."""

    state: str
    reason: str
    remedy: str = ""


@dataclass(frozen=True)
class Check:
    """One part: ``state`` is ok, degraded or failed; ``reason`` says why and ``remedy`` what to do, in a line each.

    ``seconds`` is how long the look took.
    """

    name: str
    state: str
    reason: str
    remedy: str
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Part:
    """What is looked at, how, for how many ``seconds`` at most, and what to do, and how bad it is, without an answer.

    ``is_local`` says that it can be well on one machine and not on another: alerts of it bear the machine's name.
    A look that finds out by itself that nobody answers says the same state: which of the two is first is chance, and
    each change of state is told.
    """

    name: str
    look: Callable[[], Finding]
    seconds: float
    remedy: str
    without_answer: str = FAILED
    is_local: bool = False
