"""What a running task is at, told to those who follow it: by a thread of its process, so that the work pays nothing.

A task only notes its present step. What has run for a second is written by the thread, each second at most and over a
connection of its own: the work may be inside a transaction or an event loop, and one that lasts milliseconds, as a
reading by rules, is never written.
"""

import json
import logging
import os
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from celery.states import STARTED
from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django_celery_results.models import TaskResult

from core.models import OPEN_STATES, BatchTask

logger = logging.getLogger(__name__)

PROGRESS = "PROGRESS"
UNDER_WAY = (STARTED, PROGRESS)
# A step is told when its task has run for so long, and then no more often than this.
SECONDS = 1.0


@dataclass
class _Noted:
    """The present step of a task, since when it tells its steps, and which one was written last."""

    is_in_batch: bool
    present: tuple[str, int, int]
    since: float = field(default_factory=time.monotonic)
    written: tuple[str, int, int] | None = None


class _Steps:
    """The steps of this process's tasks, and the thread that writes them while there are any."""

    def __init__(self) -> None:
        self._noted: dict[str, _Noted] = {}
        self._there_are = threading.Event()
        self._pid = 0

    def note(self, task_id: str, step: tuple[str, int, int], *, is_in_batch: bool) -> None:
        if self._pid != os.getpid():
            self._begin()
        if noted := self._noted.get(task_id):
            noted.present = step
        else:
            self._noted[task_id] = _Noted(is_in_batch, step)
            self._there_are.set()

    def forget(self, task_id: str) -> None:
        self._noted.pop(task_id, None)

    def _begin(self) -> None:
        """Start the thread. A forked process has none, and notes of its parent are not of its tasks."""
        self._noted, self._there_are, self._pid = {}, threading.Event(), os.getpid()
        threading.Thread(target=self._write_for_ever, name="steps", daemon=True).start()

    def _write_for_ever(self) -> None:
        while True:
            self._there_are.wait()
            self._there_are.clear()
            while self._noted:
                time.sleep(SECONDS)
                self._write_due()

    def _write_due(self) -> None:
        now = time.monotonic()
        due = [(key, noted) for key, noted in list(self._noted.items()) if now - noted.since >= SECONDS]
        try:
            for task_id, noted in due:
                if noted.written != (step := noted.present):
                    write(task_id, *step, is_in_batch=noted.is_in_batch)
                    noted.written = step
        except Exception as error:  # noqa: BLE001 - whatever it is: without this thread nothing would be told any more
            # A database that is away the work notices itself; the next second tells what it is at then.
            logger.warning("What a task is at could not be written: %s", error)
        finally:
            connection.close()


_steps = _Steps()


def note(task_id: str, step: str, done: int, total: int, *, is_in_batch: bool) -> None:
    """Note that a task of this process is at ``step``, with ``done`` pieces of ``total``."""
    _steps.note(task_id, (step, done, total), is_in_batch=is_in_batch)


def forget(task_id: str) -> None:
    """Note that a task has ended, or waits for its next try."""
    _steps.forget(task_id)


def write(task_id: str, step: str, done: int, total: int, *, is_in_batch: bool) -> None:
    """Write at once what a task is at, if it is under way: an end that was written stays."""
    meta: dict[str, Any] = {"step": step, "done": done, "total": total}
    if is_in_batch:
        BatchTask.objects.filter(task_id=task_id, status__in=UNDER_WAY).update(status=PROGRESS, result=meta)
    else:
        TaskResult.objects.filter(task_id=task_id, status__in=UNDER_WAY).update(**_in_result(meta))


def write_waiting(task_id: str, step: str, done: int, total: int, *, is_in_batch: bool) -> None:
    """Write what a task is at that holds no process until it looks again, if it has not ended."""
    meta, now = {"step": step, "done": done, "total": total}, timezone.now()
    if is_in_batch:
        # No process is at it, so whichever takes its next message need not wait for another.
        BatchTask.objects.open().filter(task_id=task_id).update(status=PROGRESS, result=meta, worker="")
    else:
        started = Coalesce(F("date_started"), Value(now))
        results = TaskResult.objects.filter(task_id=task_id, status__in=OPEN_STATES)
        results.update(date_started=started, **_in_result(meta))


def _in_result(meta: dict[str, Any]) -> dict[str, Any]:
    """Return the fields in the form of django-celery-results, with the time at which the row was last written."""
    return {"status": PROGRESS, "result": json.dumps(meta), "date_done": timezone.now()}
