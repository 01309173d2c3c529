"""Checks the health, keeps what was found, and alerts where something changed."""

import logging
import platform
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from core.jobs.started_batches import failure_of
from waywo_site.models import HealthResult
from waywo_site.operations.health import alerts, looking
from waywo_site.operations.health.findings import FAILED, OK, Check, Part
from waywo_site.operations.health.looking import look_at
from waywo_site.operations.health.parts import PARTS
from waywo_site.schedules.stored import failed_last

logger = logging.getLogger(__name__)

KEPT_EVERY = timedelta(minutes=5)
LONGEST_NAME = 64


def check_health(names: Iterable[str] | None = None, now: datetime | None = None) -> dict[str, Any]:
    """Look at every part (or ``names``), keep what is new, send the alerts that are due; return all of it as JSON.

    Raises nothing because of a part: without a database the results are not kept, and the alerts are remembered
    in VAR_DIR instead.
    """
    now = now or timezone.now()
    found = checks(names)
    # Asked in any case: it decides where what was told is remembered.
    asked = found if any(check.name == "database" for check in found) else checks(["database"])
    has_database = all(check.state != FAILED for check in [*found, *asked] if check.name in ("database", "migrations"))
    if has_database:
        _keep(found, now)
    subjects = [alerts.Subject(_subject(check.name), check.state, check.reason, check.remedy) for check in found]
    if names is None and has_database:
        subjects += _schedules()
    told = alerts.tell(subjects, now, has_database=has_database)
    return {
        "status": "success",
        "state": looking.worst(found),
        "checks": [check.as_dict() for check in found],
        "kept": has_database,
        "alerts": told,
    }


def _schedules() -> list[alerts.Subject]:
    """Return how the last run of each schedule ended, each a subject of its own: a job fails once a night, unseen."""
    failed = {schedule.pk: failure_of(run) for schedule, run in failed_last()}
    remedy = "See its run under Task results; correct what it names, then Run now under Schedules."
    return [
        alerts.Subject(f"schedule: {name}", FAILED, f"Its last run failed. {failed[pk]}", remedy)
        if pk in failed
        else alerts.Subject(f"schedule: {name}", OK, "Its last run did not fail.")
        for pk, name in PeriodicTask.objects.order_by("name").values_list("pk", "name")
    ]


def _subject(name: str) -> str:
    """Return under what name alerts tell of a part: with the machine's where it is about one machine."""
    return f"health: {name} on {machine_name()}" if _part(PARTS, name).is_local else f"health: {name}"


def machine_name() -> str:
    """Return what this machine is called: the first line of VAR_DIR/machine, which is made with its host name.

    A file, and not the host name alone: containers on one volume are one machine, whatever each of them is called.
    """
    file = settings.VAR_DIR / "machine"
    name = platform.node() or "unnamed"
    try:
        with suppress(FileExistsError):
            settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
            with file.open("x") as new:
                new.write(name + "\n")
        name = file.read_text().split("\n")[0].strip() or name
    except (OSError, ValueError) as error:
        logger.error("%s cannot be read, so this machine is called %s: %s", file, name, error)
    return name[:LONGEST_NAME]


def _keep(found: Iterable[Check], now: datetime) -> None:
    """Keep each change of state; of what stays as it is one result every 5 minutes says enough."""
    lately = HealthResult.objects.filter(checked_at__gt=now - KEPT_EVERY, checked_at__lte=now).order_by("checked_at")
    states = dict(lately.values_list("name", "state"))
    changed = [check for check in found if check.state != states.get(check.name)]
    HealthResult.objects.bulk_create(HealthResult(**check.as_dict(), checked_at=now) for check in changed)


def note_round() -> None:
    """Note that the watch has looked: VAR_DIR/run/health-watch is as old as that. Containers ask it."""
    try:
        (settings.VAR_DIR / "run").mkdir(mode=0o700, parents=True, exist_ok=True)
        (settings.VAR_DIR / "run" / "health-watch").touch()
    except OSError as error:
        logger.error("VAR_DIR=%s cannot be written: %s", settings.VAR_DIR, error)


def checks(names: Iterable[str] | None = None, *, seconds: float | None = None) -> list[Check]:
    """Return the state of each part (of ``names`` alone where given), all looked at side by side.

    Never raises for a part, and takes no longer than the longest time limit of a part; ``seconds`` lowers them all.
    Raises ValueError for a name that is not a part.
    """
    wanted = PARTS if names is None else [_part(PARTS, name) for name in names]
    return look_at(wanted, seconds=seconds)


def _part(parts: Iterable[Part], name: str) -> Part:
    for part in parts:
        if part.name == name:
            return part
    raise ValueError(f"part={name!r} is invalid: it expects one of {', '.join(part.name for part in parts)}.")
