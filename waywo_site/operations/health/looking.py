"""How each part of Waywo is: every look has a time limit of its own, and one that hangs holds up no other."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

import httpx
import kombu.exceptions
from django.db import Error, connections

from core.http import in_short
from waywo_site.embedded import EmbeddedError
from waywo_site.operations.health.findings import DEGRADED, FAILED, OK, Check, Finding, Part

logger = logging.getLogger(__name__)

SEVERITY = (OK, DEGRADED, FAILED)
# What a part that cannot be reached raises.
UNREACHABLE = (Error, kombu.exceptions.OperationalError, EmbeddedError, httpx.HTTPError, OSError)
# What /readyz asks: without one of these no request can be served.
READINESS = ("database", "broker", "migrations")

T = TypeVar("T")


def look_at(parts: Iterable[Part], *, seconds: float | None = None) -> list[Check]:
    """Return the state of each of ``parts``, all looked at side by side; ``seconds`` lowers their time limits.

    Never raises for a part, and takes no longer than the longest time limit.
    """
    looks = [(part, _Look.of(part)) for part in parts]
    found = [look.check(part, min(part.seconds, seconds or part.seconds)) for part, look in looks]
    if seconds is None:
        # The first look of a process loads what it needs, on a busy machine for seconds. Who has answered meanwhile is
        # asked once more; who still hangs costs no more time, since that look is joined, and its time is over.
        for place, (part, _) in enumerate(looks):
            if found[place].reason == _no_answer(part.seconds):
                found[place] = _Look.of(part).check(part, part.seconds)
    return found


def worst(found: Iterable[Check]) -> str:
    """Return the worst state among ``found``."""
    return max((check.state for check in found), key=SEVERITY.index, default=OK)


def _no_answer(seconds: float) -> str:
    return f"No answer within {seconds:g} s."


def _unsure(remedy: str) -> str:
    """Return what to do about a part that may only be slow: nothing was seen but that it did not answer in time."""
    load, processors = os.getloadavg()[0], os.cpu_count() or 1
    is_busy = load > processors
    why = f"this machine is busy (load {load:.1f} on {processors} processors)" if is_busy else "it may be slow"
    return f"Look again in a minute: {why}. If it stays so: {remedy[:1].lower()}{remedy[1:]}"


class _Look:
    """One look at a part, in a thread of its own.

    A thread cannot be ended from outside. So there is never more than one for a part: whoever asks while an earlier
    look still hangs joins that one, and a service that hangs for a day costs one thread.
    """

    _under_way: dict[str, "_Look"] = {}
    _lock = threading.Lock()

    @classmethod
    def of(cls, part: Part) -> "_Look":
        """Return the look that is under way, or begin one."""
        with cls._lock:
            look = cls._under_way.get(part.name)
            if look is None:
                look = cls._under_way[part.name] = cls(part)
                look._thread.start()
            return look

    def __init__(self, part: Part) -> None:
        self._part = part
        self._began = time.monotonic()
        self._ended: float | None = None
        self._finding: Finding | None = None
        self._thread = threading.Thread(target=self._run, name=f"health-{part.name}", daemon=True)

    def check(self, part: Part, seconds: float) -> Check:
        """Wait until ``seconds`` after its begin, and return what was found by then."""
        self._thread.join(max(0.0, self._began + seconds - time.monotonic()))
        if self._finding is None or self._ended is None:
            taken = time.monotonic() - self._began
            return Check(part.name, part.without_answer, _no_answer(seconds), _unsure(part.remedy), round(taken, 2))
        finding = self._finding
        remedy = "" if finding.state == OK else finding.remedy or part.remedy
        return Check(part.name, finding.state, finding.reason, remedy, round(self._ended - self._began, 2))

    def _run(self) -> None:
        try:
            self._finding = self._part.look()
        except UNREACHABLE as error:
            self._finding = Finding(FAILED, in_short(error))
        except Exception as error:
            # A bug in one look must not hide what the others see.
            logger.exception("the look at %s failed", self._part.name)
            self._finding = Finding(FAILED, in_short(error))
        finally:
            self._ended = time.monotonic()
            with self._lock:
                self._under_way.pop(self._part.name, None)
            connections.close_all()


class TooSlow(Exception):
    """There was no answer within the limit."""


def within(seconds: float, call: Callable[[], T]) -> T:
    """Return what ``call`` returns, or raise what it raises; raise TooSlow when that takes longer than ``seconds``.

    It goes on in its thread then, so ``call`` should end by itself some time.
    """
    answers: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(call())
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
            errors.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not answers:
        raise TooSlow(f"no answer within {seconds:g} s")
    return answers[0]
