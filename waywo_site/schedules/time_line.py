"""The last runs of a schedule as a line in time: how each ended and how long it took, and when none came."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Max, QuerySet
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django_celery_beat.models import PeriodicTask
from django_celery_results.models import TaskResult

from core.admin.outcomes import outcomes
from core.admin.task_values import took
from core.times import written
from waywo_site.schedules import stored
from waywo_site.schedules.timing import next_runs

IN_LIST, ON_PAGE = 12, 40
# A run that comes so much later than it should is that of its time.
TOLERANCE = timedelta(minutes=2)
# Of a schedule that changed its time, or was off, the gaps say nothing; more than these are shown as one.
MOST_SKIPPED = 5
SKIPPED = "skipped"
BY_HAND = "Run by hand"  # how the log of changes begins what was no change


@dataclass(frozen=True)
class Run:
    """One run: when, how it ended in words and colour, how long it took, and its result; ``pk`` is None where at that
    time none came (skipped)."""

    at: datetime
    words: str
    colour: str
    took: str = ""
    pk: int | None = None


def runs_of(schedules: Iterable[PeriodicTask], number: int) -> dict[int, list[Run]]:
    """Return the last ``number`` runs of each schedule, the oldest first, by the schedule's id."""
    rows = list(schedules)
    found = _newest(rows, number)
    ended = outcomes(result for results in found.values() for result in results)
    changes = _last_changes(rows)
    made = {}
    for schedule in rows:
        known = [
            Run(
                result.date_created,
                ended[result.task_id].words,
                ended[result.task_id].colour,
                took(result.status, result.date_started, result.date_done),
                result.pk,
            )
            for result in reversed(found[schedule.pk])
        ]
        made[schedule.pk] = _with_skipped(schedule, known, changes.get(schedule.pk))[-number:]
    return made


def _newest(schedules: Sequence[PeriodicTask], number: int) -> dict[int, list[TaskResult]]:
    """Return the last ``number`` results of each schedule, the newest first, by the schedule's id: in one query, each
    part of which ends early by its index."""
    by_name: dict[str, list[TaskResult]] = {schedule.name: [] for schedule in schedules}
    parts = [_results(schedule)[:number] for schedule in schedules]
    for result in parts[0].union(*parts[1:], all=True).order_by("-pk") if len(parts) > 1 else chain(*parts):
        by_name[result.periodic_task_name].append(result)
    return {schedule.pk: by_name[schedule.name] for schedule in schedules}


def _results(schedule: PeriodicTask) -> QuerySet[TaskResult]:
    sent = TaskResult.objects.filter(periodic_task_name=schedule.name).order_by("-pk")
    return sent.only("pk", "task_id", "periodic_task_name", "status", "date_created", "date_started", "date_done")


def _last_changes(schedules: Sequence[PeriodicTask]) -> dict[int, datetime]:
    """Return when a person last changed or switched each schedule, by its id: beat renews ``date_changed`` with
    every run."""
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(PeriodicTask), object_id__in=[str(row.pk) for row in schedules]
    ).exclude(change_message__startswith=BY_HAND)
    last = entries.order_by().values("object_id").annotate(at=Max("action_time"))
    return {int(entry["object_id"]): entry["at"] for entry in last}


def _with_skipped(schedule: PeriodicTask, runs: Sequence[Run], changed_at: datetime | None) -> list[Run]:
    """Put in the times at which it should have run, by the time that it has now, and none was sent."""
    if not runs or stored.problem_of(schedule) or schedule.one_off:
        return list(runs)
    found = [runs[0]]
    for run in runs[1:]:
        # Not before its last change: it may have had another time, or been off.
        since = max(found[-1].at, changed_at or found[-1].at)
        due = next_runs(schedule.scheduler, MOST_SKIPPED, since) if since < run.at else []
        missed = [at for at in due if at - since > TOLERANCE and at < run.at - TOLERANCE]
        found += [Run(at, SKIPPED, "plain") for at in missed]
        found.append(run)
    return found


def strip(runs: Sequence[Run]) -> SafeString:
    """Return the runs as a strip of marks, each with its words for the pointer and the screen reader."""
    if not runs:
        return format_html("{}", "—")
    marks = format_html_join(
        "",
        '<span class="waywo-run waywo-{}" title="{}"></span>',
        ((run.colour or "plain", _words(run)) for run in runs),
    )
    bad = sum(run.colour == "danger" for run in runs)
    skipped = sum(run.words == SKIPPED for run in runs)
    label = f"Last {len(runs)} runs: {bad} failed, {skipped} skipped"
    return format_html('<span class="waywo-runs" role="img" aria-label="{}">{}</span>', label, marks)


def _words(run: Run) -> str:
    return f"{written(run.at)}: {run.words}" + (f", took {run.took}" if run.took else "")


def table(runs: Sequence[Run]) -> SafeString:
    """Return the runs as a line in time, the newest first, each with the way to its result."""
    if not runs:
        return format_html("{}", "It has not run yet.")
    rows = format_html_join(
        "",
        '<li><time class="waywo-number">{}</time> <span class="waywo-badge waywo-{}">{}</span> {}</li>',
        ((written(run.at), run.colour or "plain", _linked(run), run.took) for run in reversed(runs)),
    )
    return format_html('{}<ol class="waywo-time-line">{}</ol>', strip(runs), rows)


def _linked(run: Run) -> SafeString | str:
    if run.pk is None:
        return run.words
    url = reverse("admin:django_celery_results_taskresult_change", args=[run.pk])
    return format_html('<a href="{}">{}</a>', url, run.words)
