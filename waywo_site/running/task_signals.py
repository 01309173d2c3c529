"""What is noted about every run of a task: a line in the log, and numbers for /metrics."""

import logging
import time
from typing import Any

from celery.signals import task_postrun, task_prerun
from celery.states import SUCCESS
from django.db import close_old_connections, connections, transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

from ideas.models import IdeaRun
from ideas.signals import attempt_ended
from projects.models import Extraction
from waywo_site.operations import metrics

logger = logging.getLogger(__name__)

# What a task works on, as far as its arguments say: ids and no more.
SUBJECTS = ("comment_id", "post_id")

_began: dict[str, float] = {}


@task_prerun.connect
def note_begin(task_id: str, **_: Any) -> None:
    """Remember when a run began."""
    _began[task_id] = time.monotonic()


@task_postrun.connect
def note_end(task_id: str, task: Any, kwargs: dict[str, Any], state: str | None, **_: Any) -> None:
    """Log a run that ended, and count it."""
    seconds = time.monotonic() - _began.pop(task_id, time.monotonic())
    subject = {name: kwargs[name] for name in SUBJECTS if name in kwargs}
    fields = {"task": task.name, "task_id": task_id, **subject, "state": state, "seconds": round(seconds, 3)}
    logger.info("task ended", extra=fields)
    metrics.count_task(task.name, state or "UNKNOWN", seconds)


@task_prerun.connect
def close_old(task: Any, **_: Any) -> None:
    """Close a connection that outlived CONN_MAX_AGE or had an error; a living one is tried before its first query."""
    if not task.request.is_eager:
        close_old_connections()


@task_postrun.connect
def close_doubtful(task: Any, state: str | None, **_: Any) -> None:
    """Close the connection of a run that did not end well: a time limit may have struck in the middle of a query."""
    if state != SUCCESS and not task.request.is_eager:
        connections.close_all()


@receiver(post_save, sender=Extraction)
def note_model_use(instance: Extraction, update_fields: Any, **_: Any) -> None:
    """Count what a reading by a language model cost, once it has ended and is kept."""
    if not (instance.llm_calls and instance.finished_at and update_fields and "finished_at" in update_fields):
        return
    failed = instance.status == Extraction.Status.FAILED
    use = (instance.analyst, instance.llm_calls, instance.tokens_in, instance.tokens_out)
    transaction.on_commit(lambda: metrics.count_model_use(*use, failed=failed))


@receiver(attempt_ended)
def note_ideas(run: IdeaRun, usage: Any, **_: Any) -> None:
    """Count what an attempt to make ideas cost."""
    if usage.calls:
        failed = run.status == IdeaRun.Status.FAILED
        metrics.count_model_use(run.language_model, usage.calls, usage.tokens_in, usage.tokens_out, failed=failed)
