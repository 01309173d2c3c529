"""Whether database, broker and workers are there."""

from collections.abc import Callable
from dataclasses import dataclass

import kombu.exceptions
from celery import current_app
from django.conf import settings
from django.db import OperationalError, connection

from comments.http import in_short
from waywo_site.embedded import EmbeddedError
from waywo_site.queues import depths

ANSWER_SECONDS = 1.0


@dataclass(frozen=True)
class Check:
    """One part; ``detail`` says how it is, or what is wrong with it, in a line."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class WorkerState:
    """A worker that is alive, the queues it serves, and how many tasks it runs."""

    name: str
    queues: list[str]
    active: int


def checks() -> list[Check]:
    """Return the state of each part; none of them raises."""
    return [_check("database", _database), _check("broker", _broker), _check("workers", _workers)]


def workers() -> list[WorkerState]:
    """Return the workers that answer within a second. Raises kombu's OperationalError without a broker."""
    inspect = current_app.control.inspect(timeout=ANSWER_SECONDS)
    serving = inspect.active_queues() or {}
    if not serving:
        return []
    # Asked by name, the answer comes as soon as all have spoken.
    active = current_app.control.inspect(destination=list(serving), timeout=ANSWER_SECONDS).active() or {}
    return [
        WorkerState(name, sorted(queue["name"] for queue in queues), len(active.get(name, ())))
        for name, queues in sorted(serving.items())
    ]


def _check(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except (OperationalError, kombu.exceptions.OperationalError, EmbeddedError, OSError, LookupError) as error:
        return Check(name, False, in_short(error))


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "It answers."


def _broker() -> str:
    return f"{sum(depths().values())} messages wait."


def _workers() -> str:
    alive = workers()
    unserved = set(settings.QUEUE_TIME_LIMITS) - {queue for worker in alive for queue in worker.queues}
    if unserved:
        raise LookupError(f"{len(alive)} workers; nobody serves {', '.join(sorted(unserved))}")
    return f"{len(alive)} workers serve all queues."
