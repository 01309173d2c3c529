"""Counts what a run's calls to language models cost, and what was done so that their answers could be used."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class Usage:
    """What a run cost: calls that were sent, tokens in and out as the server counted them.

    A server that counts none is counted by ``approximate_tokens``. ``cached`` are answers that were kept from before
    and cost no call; ``asked_again`` are those that did not fit and were asked for anew; ``mended`` is what was mended
    in the answers that were used, by kind.
    """

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cached: int = 0
    asked_again: int = 0
    mended: Counter[str] = field(default_factory=Counter)


_usage: ContextVar[Usage | None] = ContextVar("usage", default=None)


@contextmanager
def metering(usage: Usage) -> Iterator[Usage]:
    """Add to ``usage`` what the calls inside cost, those of tasks that are started inside too."""
    token = _usage.set(usage)
    try:
        yield usage
    finally:
        _usage.reset(token)


def current_usage() -> Usage:
    """Return what is metered at this moment; one that nobody looks at where nothing is."""
    return _usage.get() or Usage()
