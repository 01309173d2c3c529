"""Finds what is due and not under way, and sends it: the rows are the truth, the queue only a reminder."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from celery import current_app
from celery.states import PENDING, RETRY
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from django_celery_results.models import TaskResult

from core.jobs import following, sending
from core.jobs.liveness import is_gone, is_here
from core.jobs.steps import UNDER_WAY
from core.locks import try_lock_until_commit
from core.models import OPEN_STATES, BatchTask
from projects.asking.questions import give_up_old
from projects.extraction.choosing import comments_to_read, queue_comments
from projects.models import ThreadRun
from projects.threads.ending import end_abandoned
from waywo_site.running.queues import ask_workers, depths, paused
from waywo_site.running.unacknowledged import restore

# How long the workers have to say what they hold.
ANSWER_SECONDS = 2
# A message younger than this may be on its way: sent, but not yet started.
SETTLED_AFTER = timedelta(seconds=60)
# A task that waits for its next try stands in no queue, but with its worker; this long at most.
RETRY_LOST_AFTER = timedelta(seconds=2 * settings.LONGEST_RETRY_PAUSE)

Held = Callable[[], set[str]]


@dataclass
class Reconciled:
    """What was sent: tasks whose message was lost, and comments that were due."""

    status: str = "success"
    tasks_sent_again: int = 0
    comments_queued: int = 0
    group_id: str | None = None


def reconcile(now: datetime | None = None) -> Reconciled:
    """Send again what no queue and no worker holds any more; do nothing while another reconciler is at it.

    A task whose message was lost is sent with its own id, so that who follows it sees its end, and so that a message
    that was not lost after all finds the work done. Only a queue that is empty has lost messages.
    """
    now = now or timezone.now()
    with transaction.atomic():
        if not try_lock_until_commit("reconcile"):
            return Reconciled("skipped")
        end_abandoned()
        give_up_old()
        restored = restore()
        empty = {name for name, waiting in depths().items() if not waiting} - paused()
        held = cache(_held_by_workers)  # asked for once, and only where something seems lost: the answer takes seconds
        sent = _lost_in_batches(empty, now, held) + _lost_single_tasks(empty, now, held)
        done = Reconciled(tasks_sent_again=restored + sent)
        if "extraction" in empty and comments_to_read(limit=1, by_itself=True):
            batch = queue_comments(label="Read {} due", by_itself=True)
            done.comments_queued, done.group_id = batch.total, batch.group_id
    return done


def _lost_in_batches(empty: set[str], now: datetime, held: Held) -> int:
    routes = current_app.conf.task_routes
    names = [name for name in current_app.tasks if routes.get(name, {}).get("queue") in empty]
    waiting = Q(status=PENDING, batch__created_at__lt=now - SETTLED_AFTER)
    retrying = Q(status=RETRY, started_at__lt=now - RETRY_LOST_AFTER)
    silent = Q(status__in=UNDER_WAY, started_at__lt=now - timedelta(seconds=settings.VISIBILITY_TIMEOUT))
    lost = waiting | retrying | silent | Q(task_id__in=_left_by_the_dead(now))
    tasks = BatchTask.objects.filter(lost, batch__task_name__in=names)
    return sending.dispatch(tasks.exclude(task_id__in=held())) if tasks.exists() else 0


def _left_by_the_dead(now: datetime) -> list[str]:
    """Return the tasks of batches whose worker, one of this machine, is gone while no broker remembers them."""
    started = BatchTask.objects.filter(status__in=UNDER_WAY, started_at__lt=now - SETTLED_AFTER)
    rows = started.values_list("task_id", "worker")
    return [task_id for task_id, worker in rows if worker and is_here(worker) and is_gone(worker)]


def _lost_single_tasks(empty: set[str], now: datetime, held: Held) -> int:
    """Send again the single tasks that nobody is to start, try again or end; their arguments stand in the row."""
    waiting = Q(status=PENDING, date_created__lt=now - SETTLED_AFTER)
    # date_done is when the row was last written.
    retrying = Q(status=RETRY, date_done__lt=now - RETRY_LOST_AFTER)
    silent = Q(status__in=UNDER_WAY, date_done__lt=now - timedelta(seconds=settings.VISIBILITY_TIMEOUT))
    # Such a task holds no process from one look to the next, so nobody but its row knows that it is due.
    not_looked = Q(task_id__in=ThreadRun.objects.overdue(now - SETTLED_AFTER).values("task_id"))
    unfinished = Q(status__in=OPEN_STATES)
    lost = TaskResult.objects.filter(waiting | retrying | silent | (not_looked & unfinished)).order_by("pk")
    if not lost.exists():
        return 0
    taken = held()  # before the rows are read: what ends meanwhile is not sent
    rows = list(lost.values_list("task_id", "task_name", "task_kwargs", "periodic_task_name")[: sending.LOT])
    queue_by_schedule = dict(PeriodicTask.objects.exclude(queue=None).values_list("name", "queue"))
    sent = 0
    for task_id, name, stored, schedule in rows:
        task, queue = current_app.tasks.get(name), queue_by_schedule.get(schedule)
        queues = {queue or current_app.conf.task_routes.get(name, {}).get("queue"), "priority"}
        if task is None or not queues <= empty or task_id in taken:
            continue
        try:
            kwargs = following.stored_arguments(stored)
        except (TypeError, ValueError, SyntaxError):
            continue  # The worker cut them short, or wrote none.
        options: dict[str, Any] = {"queue": queue} if queue else {}
        if schedule:
            options["headers"] = {"periodic_task_name": schedule}
        task.apply_async(kwargs=kwargs, task_id=task_id, **options)
        sent += 1
    return sent


def _held_by_workers() -> set[str]:
    """Return the ids of the tasks that a worker has taken and not yet started, or is at."""
    said = ask_workers("reserved", "active", "scheduled", seconds=ANSWER_SECONDS)
    tasks = [task for answers in said.values() for told in answers.values() for task in told]
    return {task.get("id") or task.get("request", {}).get("id") for task in tasks}
