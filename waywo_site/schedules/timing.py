"""When something runs: read from a line of text, said in words, computed as beat does. Rows are of beat's tables."""

import re
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from typing import Any, TypeAlias

from celery.schedules import ParseException, crontab_parser
from cron_descriptor import CasingTypeEnum, ExpressionDescriptor, Options
from cron_descriptor.Exception import FormatException, MissingFieldException, WrongArgumentException
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, IntervalSchedule

from waywo_site.schedules.defaults import FIELDS

SHOWN_RUNS = 5
PARSERS = {
    "minute": crontab_parser(60),
    "hour": crontab_parser(24),
    "day_of_month": crontab_parser(31, 1),
    "month_of_year": crontab_parser(12, 1),
    "day_of_week": crontab_parser(7),
}
# What an interval can be in, where a step of a field is too large.
PERIODS = {"minute": "minutes", "hour": "hours", "day_of_month": "days"}
NICKNAMES = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *"}
INTERVAL = re.compile(r"every\s+(?:(\d+)\s+)?(second|minute|hour|day)s?", re.IGNORECASE)
FORM = "It expects minute, hour, day of the month, month and day of the week, as 0 6 1 * *, or: every 10 minutes."


Row: TypeAlias = CrontabSchedule | IntervalSchedule


class BadTiming(ValueError):
    """The text says no time at which something could run. The message says what is expected."""


def parse_timing(text: str, zone: tzinfo | str = "UTC") -> Row:
    """Return the row that ``text`` says, not saved: a crontab of five fields, a nickname, or as: every 10 minutes.

    Raises BadTiming for what has no meaning, and for a day that never comes, as 31 February.
    """
    text = " ".join(text.split())
    if interval := INTERVAL.fullmatch(text):
        every, period = int(interval[1] or 1), interval[2].lower() + "s"
        if not 1 <= every <= 100_000:
            raise BadTiming(f"every {every} {period} is invalid: it expects 1 to 100000.")
        return IntervalSchedule(every=every, period=period)
    fields = NICKNAMES.get(text.lower(), text).split()
    if len(fields) != len(FIELDS):
        raise BadTiming(f"“{text}” has {len(fields)} fields, not 5. {FORM}")
    for name, value in zip(FIELDS, fields, strict=True):
        _check_field(name, value)
    row = CrontabSchedule(**dict(zip(FIELDS, fields, strict=True)), timezone=zone)
    try:
        next_runs(row, 1)
    except RuntimeError:
        raise BadTiming(
            f"“{text}” never comes: month {fields[3]} has no day {fields[2]} that fits. Nothing would run."
        ) from None
    return row


def _check_field(name: str, value: str) -> None:
    what = name.replace("_", " ")
    try:
        chosen = PARSERS[name].parse(value)
    except (ParseException, ValueError, KeyError, IndexError, ZeroDivisionError) as error:
        raise BadTiming(f"The {what} “{value}” is invalid: {str(error).rstrip('.')}. {FORM}") from None
    if not chosen:
        raise BadTiming(f"The {what} “{value}” is invalid: it chooses nothing. {FORM}")
    for part in value.split(","):
        _check_step(name, part)


def _check_step(name: str, part: str) -> None:
    """Refuse a step that leads out of its field at once: it would say one thing and do another."""
    base, _, step = part.partition("/")
    values = PARSERS[name].parse(base)
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
        # As beat does: both moments in the schedule's zone, for Celery compares their dates.
        in_zone = moment.astimezone(getattr(schedule, "tz", None) or UTC)
        schedule.nowfun = lambda now=in_zone: now
        moment += schedule.remaining_estimate(in_zone)
        if runs and moment <= runs[-1]:
            break  # a single moment, as of a clocked schedule
        runs.append(moment)
    return runs


def shortest_gap(row: Row, after: datetime | None = None) -> float:
    """Return the shortest time between two of the next runs after ``after`` (now), in seconds."""
    return min(((b - a).total_seconds() for a, b in pairwise(next_runs(row, 12, after))), default=86400.0)


def saved(row: Row) -> Row:
    """Return the stored row that says the same, made where there is none. Rows of others are never changed."""
    names = ("every", "period") if isinstance(row, IntervalSchedule) else (*FIELDS, "timezone")
    values = {name: getattr(row, name) for name in names}
    return type(row).objects.filter(**values).first() or type(row).objects.create(**values)
