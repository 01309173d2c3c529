"""What is done around every run of a task: a line in the log, what it counts for its queue, and connections that are in
doubt are closed."""

import logging
import time
from typing import Any

from celery.signals import task_postrun, task_prerun
from celery.states import IGNORED, SUCCESS
from django.db import close_old_connections, connection, connections

from core.http import in_short
from core.jobs.following import SUBJECTS
from waywo_site.running import queue_work

logger = logging.getLogger(__name__)

# A connection that was used this lately is not tried before a query (s).
TRUSTED_SECONDS = 1.0
_began: dict[str, float] = {}
_last_end = -TRUSTED_SECONDS


@task_prerun.connect
def note_begin(task_id: str, task: Any, **_: Any) -> None:
    _began[task_id] = time.monotonic()
    queue_work.note_start(task.name, task.request)


@task_postrun.connect
def note_end(task_id: str, task: Any, kwargs: dict[str, Any], state: str | None, retval: Any = None, **_: Any) -> None:
    seconds = time.monotonic() - _began.pop(task_id, time.monotonic())
    subject = {name: kwargs[name] for name in SUBJECTS if name in kwargs}
    fields = {"task": task.name, "task_id": task_id, **subject, "state": state, "seconds": round(seconds, 3)}
    # What a task is known to end with; of all else Celery logs the traceback.
    if isinstance(retval, tuple(task.throws)):
        logger.warning("task ended", extra=fields | {"error": in_short(retval)})
    else:
        # One that comes back, or was done already, has not ended.
        logger.log(logging.DEBUG if state == IGNORED else logging.INFO, "task ended", extra=fields)
    queue_work.note_end(task.name, task.request, state)


@task_prerun.connect
def close_old(task: Any, **_: Any) -> None:
    """Close a connection that outlived CONN_MAX_AGE or had an error; a living one is tried before its first query.

    One that a task used a moment ago is trusted: it may have died since, as it may in the middle of a task.
    """
    if not task.request.is_eager:
        close_old_connections()
        if time.monotonic() - _last_end < TRUSTED_SECONDS:
            connection.health_check_done = True  # type: ignore[attr-defined]  # unknown to the stubs


@task_postrun.connect
def close_doubtful(task: Any, state: str | None, **_: Any) -> None:
    """Close the connection of a run that did not end well: a time limit may have struck in the middle of a query.

    A run that had nothing to do (cancelled, done already) ended well: a new connection for each of 100,000 messages of
    a cancelled batch would take longer than reading them.
    """
    global _last_end
    if task.request.is_eager:
        return
    if state in (SUCCESS, IGNORED):
        _last_end = time.monotonic()
    else:
        connections.close_all()
