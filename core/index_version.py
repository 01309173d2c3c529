"""The version of the index: one number that every change of what readers are shown raises.

Triggers of the database count (migrations named ``index_changes``), so that bulk writes and ``QuerySet.update`` count
too. A change counts from the moment that others see it: what was made of the index at a version is right while it
stands.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, TypeVar, cast

from django.db.models import Max, Sum

from core.models import IndexChange

T = TypeVar("T")
# Answers that a process keeps.
MOST_KEPT = 500


@dataclass(frozen=True)
class IndexVersion:
    """How many changes there were, and when the last began to be written; None before the first."""

    number: int
    changed_at: datetime | None


_of_this_request: ContextVar[IndexVersion | None] = ContextVar("index_version", default=None)


def current() -> IndexVersion:
    """Return the version that the index has now, or the one of ``fixed`` inside of it. One small query."""
    if fixed_at := _of_this_request.get():
        return fixed_at
    found = IndexChange.objects.aggregate(number=Sum("changes"), changed_at=Max("changed_at"))
    return IndexVersion(found["number"] or 0, found["changed_at"])


@contextmanager
def fixed() -> Iterator[IndexVersion]:
    """Ask for the version once for all that is done inside, and yield it.

    What others change meanwhile may already be seen there; it has a later version then, which is asked for again.
    """
    version = current()
    token = _of_this_request.set(version)
    try:
        yield version
    finally:
        _of_this_request.reset(token)


_kept: OrderedDict[Hashable, tuple[IndexVersion, Any]] = OrderedDict()
_lock = Lock()


def kept(key: Hashable, compute: Callable[[], T]) -> T:
    """Return what ``compute`` returns, kept by this process under ``key`` until the index changes.

    ``key`` must name all that the answer depends on beside the index, settings included. Nobody may change the answer.
    """
    version = current()
    with _lock:
        found = _kept.get(key)
        if found and found[0] == version:
            _kept.move_to_end(key)
            return cast("T", found[1])
    answer = compute()
    with _lock:
        _kept[key] = (version, answer)
        _kept.move_to_end(key)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return answer
