"""The figures of the admin's first page, each a bounded query."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import kombu.exceptions
from django.core.cache import cache
from django.db.models import Count, Q
from django.db.models.functions import TruncDate, TruncMonth
from django.utils import timezone
from django_celery_results.models import TaskResult

from comments.models import Comment, Post
from core.admin.outcomes import Outcome, outcomes
from core.http import in_short
from core.jobs import following
from projects.models import Analytics, Extraction, Project, Tag
from projects.reading_costs import ReadingCost, reading_costs
from waywo_site.embedded import EmbeddedError
from waywo_site.logs import HOUSEKEEPING, MONITORING
from waywo_site.operations.health import watch
from waywo_site.running import queues

MONTHS, DAYS = 18, 30
TOP_TAGS, LAST_RUNS = 12, 8
# How old what is asked of other processes may be, in seconds: workers take a second to answer.
WORKERS_KEPT, HEALTH_KEPT = 10, 60
# How old the figures of the charts may be: they count tens of thousands of rows.
FIGURES_KEPT = 30
BROKER_ERRORS = (kombu.exceptions.OperationalError, EmbeddedError, OSError)


@dataclass(frozen=True)
class Figures:
    threads: int
    comments: dict[str, int]
    projects: dict[str, int]
    months: list[tuple[date, int]]
    days: list[tuple[date, int, int]]
    tags: list[tuple[int, str, int]]
    costs: list[ReadingCost]
    thread_months: list[tuple[date, int, float | None]]
    growing: list[tuple[str, int, float]]


def _kept(name: str, count: Callable[[], Any], seconds: int) -> Any:
    """Return what ``count`` returns, at most so many seconds old."""
    return cache.get_or_set(name, count, seconds)


def figures() -> Figures:
    """Return the figures, at most half a minute old."""
    return _kept("waywo-dashboard-figures", _count, FIGURES_KEPT)


def _count() -> Figures:
    months = list(Analytics.objects.months().order_by("-year", "-month")[:MONTHS])[::-1]
    return Figures(
        threads=Post.objects.count(),
        comments=_by(Comment.objects, "status", Comment.Status),
        projects=_by(Project.objects.posted(), "review_status", Project.ReviewStatus),
        months=_projects_by_month(),
        days=_readings_by_day(),
        tags=_top_tags(),
        costs=reading_costs(DAYS),
        thread_months=[(date(row.year, row.month, 1), row.projects, row.valid_share) for row in months],
        growing=months[-1].growing(TOP_TAGS) if months else [],
    )


def _top_tags() -> list[tuple[int, str, int]]:
    posted = ~Q(projects__source=Project.Source.NEMO_DATA_DESIGNER)
    used = Tag.objects.annotate(uses=Count("projects", filter=posted)).filter(uses__gt=0)
    return list(used.order_by("-uses", "name").values_list("pk", "name", "uses")[:TOP_TAGS])


def _by(rows: Any, field: str, choices: Any) -> dict[str, int]:
    """Return how many rows have each of the choices, none left out."""
    counts = dict(rows.order_by().values_list(field).annotate(Count("pk")))
    return {choice: counts.get(choice, 0) for choice in choices.values}


def _projects_by_month() -> list[tuple[date, int]]:
    """Return how many projects were first seen in each of the last months, months without any too."""
    this = timezone.now().date().replace(day=1)
    first = this
    for _ in range(MONTHS - 1):
        first = (first - timedelta(days=1)).replace(day=1)
    counted = dict(
        Project.objects.posted()
        .filter(first_seen_at__date__gte=first)
        .order_by()
        .values_list(TruncMonth("first_seen_at"))
        .annotate(Count("pk"))
    )
    by_month = {month.date(): number for month, number in counted.items()}
    months, month = [], first
    while month <= this:
        months.append((month, by_month.get(month, 0)))
        month = (month + timedelta(days=32)).replace(day=1)
    return months


def _readings_by_day() -> list[tuple[date, int, int]]:
    """Return for each of the last days how many readings succeeded and how many failed."""
    today = timezone.localdate()
    counted = {
        day: (good, bad)
        for day, good, bad in Extraction.objects.filter(started_at__gt=timezone.now() - timedelta(days=DAYS))
        .order_by()
        .values_list(TruncDate("started_at"))
        .annotate(
            good=Count("pk", filter=~Q(status=Extraction.Status.FAILED)),
            bad=Count("pk", filter=Q(status=Extraction.Status.FAILED)),
        )
    }
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    return [(day, *counted.get(day, (0, 0))) for day in days]


def last_runs() -> list[tuple[TaskResult, Outcome]]:
    """Return the newest tasks and how they ended, without what is one of many, keeps Waywo going or watches it."""
    single = ("process_waywo_comment", *HOUSEKEEPING, *MONITORING)
    newest = TaskResult.objects.defer("traceback", "meta", "task_args", "task_kwargs", "result").order_by("-pk")
    # Looked for among the newest rows alone: a batch of 10,000 would be read to its end otherwise.
    recent = newest[:500]
    chosen = [run for run in recent if run.task_name not in single][:LAST_RUNS]
    found = outcomes(chosen)
    return [(run, found[run.task_id]) for run in chosen]


def running() -> dict[str, Any]:
    """Return what moves by itself, as JSON: queues, workers, batches under way."""
    return {
        "queues": _queues(),
        "workers": _kept("waywo-dashboard-workers", _workers, WORKERS_KEPT),
        "batches": _batches(),
    }


def health_of_parts() -> dict[str, Any]:
    """Return how each part is, as JSON, at most a minute old: it takes as long as the slowest part to answer."""
    return _kept("waywo-dashboard-health", _health, HEALTH_KEPT)


def _queues() -> dict[str, Any]:
    try:
        return {"items": [asdict(state) for state in queues.states()]}
    except BROKER_ERRORS as error:
        return {"error": f"The broker does not answer: {in_short(error)}."}


def _workers() -> dict[str, Any]:
    try:
        return {"items": [asdict(worker) for worker in queues.workers()]}
    except BROKER_ERRORS as error:
        return {"error": f"The broker does not answer: {in_short(error)}."}


def _batches() -> dict[str, Any]:
    return {"items": [batch.as_dict() for batch in following.running_batches()]}


def _health() -> dict[str, Any]:
    return {"items": [check.as_dict() for check in watch.checks()]}
