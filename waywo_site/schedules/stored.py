"""Stored schedules: what is wrong with one, whether it misses a run, how it is switched and started by hand."""

import json
from datetime import datetime, timedelta
from typing import Any

from celery.exceptions import ImproperlyConfigured
from celery.states import FAILURE, PENDING, READY_STATES, SUCCESS
from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone
from django_celery_beat.models import PeriodicTask, PeriodicTasks
from django_celery_results.models import TaskResult

from core.jobs import sending
from core.jobs.started_batches import batches_of
from waywo_site.schedules import arguments
from waywo_site.schedules.timing import next_runs

# Beat writes down what it sent within 3 minutes; later than this a run is missing.
OVERDUE_AFTER = timedelta(minutes=5)
# A task that nobody took for so long does not keep another from being started.
LOST_AFTER = timedelta(hours=12)
# What takes long, or takes something away: a person is asked once more before it is started by hand.
HEAVY = {
    "process_waywo_posts": "It asks Hacker News for every thread that is chosen.",
    "process_waywo_comments": "It reads every comment that is chosen; with a language model that costs tokens.",
    "generate_ideas": "It asks the language model for new ideas, which costs tokens.",
    "cleanup_old_data": "It removes old rows for good.",
    "draw_map": "It keeps all processors busy: minutes for tens of thousands of projects.",
    "backup_database": "It writes the whole database to disk.",
}


class NotStarted(Exception):
    """The task was not sent; the message says why."""


def problem_of(schedule: PeriodicTask) -> str:
    """Return why this schedule cannot work, in a line; empty when it can."""
    task = arguments.registered().get(schedule.task)
    if task is None:
        return f"No task is called {schedule.task}."
    if schedule.queue and schedule.queue not in settings.QUEUE_TIME_LIMITS:
        return f"No queue is called {schedule.queue}: nobody would take the task."
    if problem := unreadable(schedule):
        return problem
    positional, keywords = json.loads(schedule.args or "[]"), json.loads(schedule.kwargs or "{}")
    if positional or not isinstance(keywords, dict):
        return "Its arguments are not keywords."
    return " ".join(arguments.problems(task, keywords).values())


def unreadable(schedule: PeriodicTask) -> str:
    """Return why beat cannot read this schedule and leaves it out, in a line; empty when it can."""
    try:
        json.loads(schedule.args or "[]"), json.loads(schedule.kwargs or "{}")
    except ValueError:
        return "Its arguments are not JSON."
    if not are_headers(schedule.headers):
        return "Its headers are not a JSON object."
    if schedule.scheduler is None:
        return "It has no time."
    if schedule.interval and schedule.interval.every < 1:
        return f"It would run every {schedule.interval.every} {schedule.interval.period}, without a pause."
    try:
        next_runs(schedule.scheduler, 1)
    except ImproperlyConfigured:
        return "It follows the sun, for which Waywo has no library: give it another time."
    except RuntimeError:
        return "Its time never comes."
    except Exception as error:  # noqa: BLE001 - whatever a row holds that was not written by our form
        return f"Its time cannot be read: {str(error).rstrip('.') or type(error).__name__}."
    return ""


def are_headers(text: str | None) -> bool:
    """Tell whether beat can read the headers of a schedule."""
    try:
        return isinstance(json.loads(text or "{}"), dict)
    except ValueError:
        return False


def with_last_results(schedules: QuerySet[PeriodicTask]) -> QuerySet[PeriodicTask]:
    """Add ``last_result_id``: the newest result of a task that this schedule sent."""
    sent = TaskResult.objects.filter(periodic_task_name=OuterRef("name")).order_by("-pk")
    return schedules.annotate(last_result_id=Subquery(sent.values("pk")[:1]))


def due_since(schedule: PeriodicTask, sent_at: datetime | None, now: datetime | None = None) -> datetime | None:
    """Return since when a run is missing, or None where none is: beat or its broker is down then.

    ``sent_at`` is when it sent the newest task that left a result.
    """
    now = now or timezone.now()
    if not schedule.enabled or problem_of(schedule):
        return None
    if (schedule.start_time and schedule.start_time > now) or (schedule.expires and schedule.expires < now):
        return None
    known = [schedule.last_run_at or schedule.date_changed]
    if sent_at and schedule.last_run_at:
        known.append(sent_at)
    due = next(iter(next_runs(schedule.scheduler, 1, max(known))), None)
    return due if due is not None and due < now - OVERDUE_AFTER else None


def overdue() -> list[tuple[PeriodicTask, datetime]]:
    """Return the schedules that miss a run, each with when that was due; the rule is that of ``due_since``."""
    enabled = with_last_results(PeriodicTask.objects.filter(enabled=True, one_off=False, clocked=None))
    rows = list(enabled.select_related("interval", "crontab", "solar"))
    ids = [row.last_result_id for row in rows if row.last_result_id]
    sent = dict(TaskResult.objects.filter(pk__in=ids).values_list("pk", "date_created"))
    found = [(row, due_since(row, sent.get(row.last_result_id))) for row in rows]
    return [(row, since) for row, since in found if since is not None]


def broken() -> list[str]:
    """Return the names of the enabled schedules that cannot work; each one's page says why."""
    rows = PeriodicTask.objects.filter(enabled=True).select_related("interval", "crontab", "solar", "clocked")
    return [row.name for row in rows.order_by("name") if problem_of(row)]


def failed_last() -> list[tuple[PeriodicTask, TaskResult]]:
    """Return the enabled schedules whose newest run that ended did not do its work, each with that run.

    A run that only started a batch failed where every task of that did.
    """
    ended = TaskResult.objects.filter(periodic_task_name=OuterRef("name"), status__in=(SUCCESS, FAILURE))
    newest = ended.order_by("-pk").values("pk")[:1]
    rows = PeriodicTask.objects.filter(enabled=True).annotate(ended_id=Subquery(newest)).order_by("name")
    ids = {row.ended_id: row for row in rows if row.ended_id}
    runs = list(TaskResult.objects.filter(pk__in=ids).defer("meta", "task_args", "result", "traceback"))
    batches = batches_of(run.task_id for run in runs if run.status == SUCCESS)
    all_failed = {task_id for task_id, batch in batches.items() if batch.state == "failed"}
    return [(ids[run.pk], run) for run in runs if run.status == FAILURE or run.task_id in all_failed]


def set_enabled(schedules: QuerySet[PeriodicTask], enabled: bool) -> int:
    """Switch schedules on or off, and return how many were changed. Beat follows it within seconds.

    One that is switched on counts from now on: what it missed meanwhile is not made up for.
    """
    changed = schedules.exclude(enabled=enabled).update(enabled=enabled, last_run_at=None, date_changed=timezone.now())
    # Beat does not notice an update of rows by itself (pitfalls, 1.3).
    PeriodicTasks.update_changed()
    return changed


def running(schedule: PeriodicTask) -> TaskResult | None:
    """Return the newest task of this schedule if it waits or is under way."""
    return (
        TaskResult.objects.filter(periodic_task_name=schedule.name, date_created__gt=timezone.now() - LOST_AFTER)
        .exclude(status__in=READY_STATES)
        .only("task_id", "status")
        .order_by("-pk")
        .first()
    )


def run_now(schedule: PeriodicTask, started_by: Any = None) -> str:
    """Send the schedule's task at once, as its next turn would, for a person; return the task's id.

    Raises NotStarted when it cannot work, or when one of its runs waits or is under way.
    """
    if problem := problem_of(schedule):
        raise NotStarted(problem)
    if under_way := running(schedule):
        what = "waits" if under_way.status == PENDING else "is under way"
        raise NotStarted(f"A run of {schedule.name} {what} already: {under_way.task_id}.")
    return sending.send(
        schedule.task,
        json.loads(schedule.kwargs or "{}"),
        queue=schedule.queue or None,
        periodic_task_name=schedule.name,
        started_by=started_by,
    )
