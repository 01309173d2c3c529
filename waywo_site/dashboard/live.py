"""What moves on the admin's first page, as JSON: work under way, counts, queues, workers, health."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import kombu.exceptions
from django.conf import settings
from django.core.cache import cache

from core.http import in_short
from core.jobs import following
from projects.filling import filling, states
from waywo_site.embedded import EmbeddedError
from waywo_site.operations.health import watch
from waywo_site.running import queues

# How old what is asked of other processes may be, in seconds: workers take a second to answer.
WORKERS_KEPT, HEALTH_KEPT = 10, 60
BROKER_ERRORS = (kombu.exceptions.OperationalError, EmbeddedError, OSError)


def running() -> dict[str, Any]:
    """Return what moves by itself: what is done, how much there is, queues, workers, batches."""
    counted = states()
    return {
        "filling": asdict(filling(counted)),
        "counts": {"comments": counted.comments, "projects": counted.projects},
        "queues": _asked(queues.states),
        "workers": cache.get_or_set("waywo-dashboard-workers", lambda: _asked(queues.workers), WORKERS_KEPT),
        "batches": _batches(),
    }


def health_of_parts() -> dict[str, Any]:
    """Return how each part is, at most a minute old: it takes as long as the slowest part to answer."""
    return {"items": cache.get_or_set("waywo-dashboard-health", _health, HEALTH_KEPT)}


def _health() -> list[dict[str, Any]]:
    return [check.as_dict() for check in watch.checks()]


def _asked(ask: Callable[[], list[Any]]) -> dict[str, Any]:
    try:
        return {"items": [asdict(state) for state in ask()]}
    except BROKER_ERRORS as error:
        return {"error": f"The broker does not answer: {in_short(error)}."}


def _batches() -> dict[str, Any]:
    """Return the batches that run, and for a while those that ended, each with the queue that it waits in if paused."""
    paused = queues.paused()
    found = []
    for batch in following.present_batches():
        queue = settings.TASK_QUEUES.get(batch.task_name, "")
        is_held = queue in paused and not batch.is_finished
        found.append(batch.as_dict() | {"paused_queue": queue if is_held else ""})
    return {"items": found}
