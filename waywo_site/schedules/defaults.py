"""The schedules that Waywo begins with.

One that is added to ``DEFAULTS`` reaches every installation, old ones too, with its next ``migrate``, and once: what an
operator changes or deletes stays changed or deleted. This file imports nothing of ours, so that migrations may read it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
FIELDS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")


@dataclass(frozen=True)
class Default:
    """A schedule as it is put in. ``crontab`` is in UTC.

    ``expires`` is in seconds and below the time to the next run, so that a worker that was down meets no flood.
    """

    name: str
    task: str
    crontab: str
    expires: int
    description: str
    kwargs: str = "{}"


# fmt: off
DEFAULTS = (
    Default("reconcile", "reconcile", "* * * * *", 55,
            "Sends again what is due and not under way, as after the broker lost its messages."),
    Default("send_canaries", "send_canaries", "* * * * *", 55,
            "Sends a canary through each queue, which shows that its workers take work."),
    Default("Collect the threads of the month", "process_waywo_posts", "0 6 1 * *", 27 * DAY,
            "Looks at every known thread. Settled ones cost no request."),
    Default("Collect live threads", "process_waywo_posts", "0 * * * *", 55 * MINUTE,
            "Looks at the newest threads for new and changed comments. A thread takes comments for two weeks.",
            '{"limit_posts": 3}'),
    Default("Collect new threads", "process_waywo_posts", "*/15 * * * *", 14 * MINUTE,
            "Looks often at threads of the last two days, in which most comments come.",
            '{"max_age_days": 2}'),
    Default("Discover new threads", "discover_waywo_posts", "30 5 * * *", 23 * HOUR,
            "Looks for threads that nobody told Waywo about."),
    Default("Discover threads of today", "discover_waywo_posts", "20 * * * *", 55 * MINUTE,
            "Looks for threads that were just posted, so that their first days are not missed.",
            '{"since_days": 2}'),
    Default("Read pending comments", "process_waywo_comments", "0 2 * * *", 23 * HOUR,
            "Reads what waits, each comment in a task of its own."),
    Default("Check health", "health_check", "*/5 * * * *", 4 * MINUTE,
            "Checks every part and keeps what it found."),
    Default("Watch the queues", "monitor_queues", "*/5 * * * *", 4 * MINUTE,
            "Notes how long the queues are, and alerts when one grows."),
    Default("Clean up old data", "cleanup_old_data", "0 3 * * *", 23 * HOUR,
            "Removes old results and records of machines. Threads, comments, projects and reviews stay."),
    Default("Back up the database", "backup_database", "0 4 * * *", 23 * HOUR,
            "Writes the database to a file and proves that it can be restored."),
    Default("Compute the figures of the months", "generate_analytics", "0 5 * * *", 23 * HOUR,
            "Brings the figures by month and by thread up to date."),
    Default("Draw the map", "draw_map", "30 3 * * 1", 6 * DAY,
            "Lays all projects out anew; what is there stays where people remember it."),
)
# fmt: on


def add(apps: Any, defaults: Iterable[Default]) -> None:
    """Put in those of ``defaults`` whose names no schedule has; ``apps`` has the models, as in a migration."""
    crontabs = apps.get_model("django_celery_beat", "CrontabSchedule").objects
    schedules = apps.get_model("django_celery_beat", "PeriodicTask").objects
    for default in defaults:
        times = dict(zip(FIELDS, default.crontab.split(), strict=True))
        crontab = crontabs.filter(timezone="UTC", **times).first() or crontabs.create(timezone="UTC", **times)
        schedules.get_or_create(
            name=default.name,
            defaults={
                "task": default.task,
                "kwargs": default.kwargs,
                "crontab": crontab,
                "expire_seconds": default.expires,
                "description": default.description,
            },
        )
    # So that a beat that runs at this moment sees them.
    changes = apps.get_model("django_celery_beat", "PeriodicTasks").objects
    changes.update_or_create(ident=1, defaults={"last_update": timezone.now()})


def add_new(apps: Any = None, plan: Any = None, **_: Any) -> None:
    """After a ``migrate`` (post_migrate): put in the defaults that this installation was never offered."""
    if plan is None:
        return  # a flush, which shall leave the tables empty
    try:
        offered = apps.get_model("waywo_site", "OfferedSchedule")
    except LookupError:
        return  # migrated back to before this was noted
    with transaction.atomic():
        known = set(offered.objects.values_list("name", flat=True))
        if new := [default for default in DEFAULTS if default.name not in known]:
            add(apps, new)
            offered.objects.bulk_create((offered(name=default.name) for default in new), ignore_conflicts=True)
