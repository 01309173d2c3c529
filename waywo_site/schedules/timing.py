"""Schedules: when a task runs, said in words and computed as beat does, and what is wrong with one."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any

from celery.schedules import ParseException, crontab_parser
from celery.states import PENDING, READY_STATES
from cron_descriptor import CasingTypeEnum, ExpressionDescriptor, Options
from cron_descriptor.Exception import FormatException, MissingFieldException, WrongArgumentException
from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask, PeriodicTasks
from django_celery_results.models import TaskResult

from core.jobs import sending
from waywo_site.schedules import arguments

SHOWN_RUNS = 5
# Beat writes down what it sent within 3 minutes; later than this a run is missing.
OVERDUE_AFTER = timedelta(minutes=5)
# A task that nobody took for so long does not keep another from being started.
LOST_AFTER = timedelta(hours=12)
FIELDS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
PARSERS = {
    "minute": lambda: crontab_parser(60),
    "hour": lambda: crontab_parser(24),
    "day_of_month": lambda: crontab_parser(31, 1),
    "month_of_year": lambda: crontab_parser(12, 1),
    "day_of_week": lambda: crontab_parser(7),
}
# What an interval can be in, where a step of a field is too large.
PERIODS = {"minute": "minutes", "hour": "hours", "day_of_month": "days"}
NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
}
INTERVAL = re.compile(r"every\s+(?:(\d+)\s+)?(second|minute|hour|day)s?", re.IGNORECASE)
FORM = "It expects minute, hour, day of the month, month and day of the week, as 0 6 1 * *, or: every 10 minutes."
# What takes long, or takes something away: a person is asked once more before it is started by hand.
HEAVY = {
    "process_waywo_posts": "It asks Hacker News for every thread that is chosen.",
    "process_waywo_comments": "It reads every comment that is chosen; with a language model that costs tokens.",
    "generate_ideas": "It asks the language model for new ideas, which costs tokens.",
    "cleanup_old_data": "It removes old rows for good.",
    "backup_database": "It writes the whole database to disk.",
}


class BadTiming(ValueError):
    """The text says no time at which something could run. The message says what is expected."""


class NotStarted(Exception):
    """The task was not sent; the message says why."""


@dataclass(frozen=True)
class Timing:
    """When something runs: a row of beat's tables that may not be saved yet."""

    row: Any

    @property
    def words(self) -> str:
        """Return it in words, as: At 06:00, on day 1 of the month."""
        return in_words(self.row)

    def next_runs(self, count: int = SHOWN_RUNS, after: datetime | None = None) -> list[datetime]:
        """Return the next ``count`` moments (UTC), as beat computes them."""
        return next_runs(self.row, count, after)

    @property
    def shortest_gap(self) -> float:
        """Return the shortest time between two of the next runs, in seconds."""
        runs = self.next_runs(12)
        return min(((b - a).total_seconds() for a, b in pairwise(runs)), default=86400.0)

    def save(self) -> Any:
        """Return the stored row that says the same, made where there is none. Rows of others are never changed."""
        model = type(self.row)
        names = ("every", "period") if model is IntervalSchedule else (*FIELDS, "timezone")
        values = {name: getattr(self.row, name) for name in names}
        return model.objects.filter(**values).first() or model.objects.create(**values)


def parse_timing(text: str, zone: tzinfo | str = "UTC") -> Timing:
    """Return what ``text`` says: a crontab of five fields, a nickname as @daily, or as: every 10 minutes.

    Raises BadTiming for what has no meaning, and for a day that never comes, as 31 February.
    """
    text = " ".join(text.split())
    if interval := INTERVAL.fullmatch(text):
        every, period = int(interval[1] or 1), interval[2].lower() + "s"
        if not 1 <= every <= 100_000:
            raise BadTiming(f"every {every} {period} is invalid: it expects 1 to 100000.")
        return Timing(IntervalSchedule(every=every, period=period))
    fields = NICKNAMES.get(text.lower(), text).split()
    if len(fields) != len(FIELDS):
        raise BadTiming(f"“{text}” has {len(fields)} fields, not 5. {FORM}")
    for name, value in zip(FIELDS, fields, strict=True):
        _check_field(name, value)
    timing = Timing(CrontabSchedule(**dict(zip(FIELDS, fields, strict=True)), timezone=zone))
    try:
        timing.next_runs(1)
    except RuntimeError:
        raise BadTiming(
            f"“{text}” never comes: month {fields[3]} has no day {fields[2]} that fits. Nothing would run."
        ) from None
    return timing


def _check_field(name: str, value: str) -> None:
    what = name.replace("_", " ")
    try:
        chosen = PARSERS[name]().parse(value)
    except (ParseException, ValueError, KeyError, IndexError, ZeroDivisionError) as error:
        raise BadTiming(f"The {what} “{value}” is invalid: {str(error).rstrip('.')}. {FORM}") from None
    if not chosen:
        raise BadTiming(f"The {what} “{value}” is invalid: it chooses nothing. {FORM}")
    for part in value.split(","):
        _check_step(name, part)


def _check_step(name: str, part: str) -> None:
    """Refuse a step that leads out of its field at once: it would say one thing and do another."""
    base, _, step = part.partition("/")
    values = PARSERS[name]().parse(base)
    if step and int(step) > len(values):
        what = name.replace("_", " ")
        interval = f"“every {step} {PERIODS[name]}”, or " if name in PERIODS else ""
        raise BadTiming(
            f"The {what} “{part}” is invalid: its step {step} is larger than the {len(values)} values that it steps "
            f"through, so that only the first would ever be chosen. Write {interval}one {what}."
        )


def timing_text(row: Any) -> str:
    """Return a stored timing as ``parse_timing`` takes it; empty for what it does not know (clocked, solar)."""
    if isinstance(row, CrontabSchedule):
        return " ".join(getattr(row, name).replace(" ", "") for name in FIELDS)
    if isinstance(row, IntervalSchedule) and row.period != IntervalSchedule.MICROSECONDS:
        return f"every {row.every} {row.period}"
    return ""


def in_words(row: Any) -> str:
    """Return a timing in words; its own text where there are none."""
    if isinstance(row, IntervalSchedule):
        period = row.period.removesuffix("s")
        return f"Every {period}" if row.every == 1 else f"Every {row.every} {row.period}"
    text = timing_text(row)
    if not text:
        return str(row)
    options = Options()
    options.use_24hour_time_format = True
    options.casing_type = CasingTypeEnum.Sentence
    try:
        return ExpressionDescriptor(text, options).get_description()
    except (MissingFieldException, FormatException, WrongArgumentException, ValueError, IndexError):
        return text


def next_runs(row: Any, count: int = SHOWN_RUNS, after: datetime | None = None) -> list[datetime]:
    """Return the next ``count`` moments (UTC) of a timing after ``after`` (now), computed by beat's own code.

    So it is right over daylight saving too: what falls into the lost hour in spring runs after it.
    Raises RuntimeError when no such moment comes.
    """
    moment = (after or timezone.now()).astimezone(UTC)
    schedule = row.schedule
    runs: list[datetime] = []
    for _ in range(count):
        schedule.nowfun = lambda now=moment: now
        in_zone = moment.astimezone(getattr(schedule, "tz", None) or UTC)
        moment += schedule.remaining_estimate(in_zone)
        if runs and moment <= runs[-1]:
            break  # a single moment, as of a clocked schedule
        runs.append(moment)
    return runs


def problem_of(schedule: PeriodicTask) -> str:
    """Return why this schedule cannot work, in a line; empty when it can."""
    task = arguments.registered().get(schedule.task)
    if task is None:
        return f"No task is called {schedule.task}."
    if schedule.queue and schedule.queue not in settings.QUEUE_TIME_LIMITS:
        return f"No queue is called {schedule.queue}: nobody would take the task."
    try:
        positional, keywords = json.loads(schedule.args or "[]"), json.loads(schedule.kwargs or "{}")
    except ValueError:
        return "Its arguments are not JSON."
    if positional or not isinstance(keywords, dict):
        return "Its arguments are not keywords."
    if problems := arguments.problems(task, keywords):
        return " ".join(problems.values())
    if not are_headers(schedule.headers):
        return "Its headers are not a JSON object: beat would leave it out."
    if schedule.scheduler is None:
        return "It has no time."
    try:
        schedule.schedule  # noqa: B018 - computed only to see whether it can be
        next_runs(schedule.scheduler, 1)
    except (RuntimeError, ParseException, ValueError):
        return "Its time never comes."
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


def due_since(schedule: PeriodicTask, result: TaskResult | None, now: datetime | None = None) -> datetime | None:
    """Return since when a run is missing, or None where none is: beat or its broker is down then.

    ``result`` is the newest result of a task that it sent.
    """
    now = now or timezone.now()
    if not schedule.enabled or problem_of(schedule):
        return None
    if (schedule.start_time and schedule.start_time > now) or (schedule.expires and schedule.expires < now):
        return None
    known = [schedule.last_run_at or schedule.date_changed]
    if result is not None and schedule.last_run_at:
        known.append(result.date_created)
    due = next(iter(next_runs(schedule.scheduler, 1, max(known))), None)
    return due if due is not None and due < now - OVERDUE_AFTER else None


def overdue() -> list[tuple[PeriodicTask, datetime]]:
    """Return the schedules that miss a run, each with when that was due; the rule is that of ``due_since``."""
    enabled = with_last_results(PeriodicTask.objects.filter(enabled=True, one_off=False, clocked=None))
    rows = list(enabled.select_related("interval", "crontab", "solar"))
    ids = [row.last_result_id for row in rows if row.last_result_id]
    results = TaskResult.objects.only("pk", "date_created").in_bulk(ids)
    found = [(row, due_since(row, results.get(row.last_result_id))) for row in rows]
    return [(row, since) for row, since in found if since is not None]


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


def run_now(schedule: PeriodicTask) -> str:
    """Send the schedule's task at once, as its next turn would, and return the task's id.

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
    )
