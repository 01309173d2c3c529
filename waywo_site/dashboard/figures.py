"""The figures of the admin's first page, each a bounded query."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.core.cache import cache
from django.db.models import Count, F, Max, Min, Q
from django.db.models.functions import TruncDate, TruncMonth
from django.utils import timezone
from django_celery_results.models import TaskResult

from comments.models import Post
from core.admin.outcomes import Outcome, outcomes
from projects.models import Analytics, Extraction, Project, Tag
from projects.reading_costs import ReadingCost, reading_costs
from waywo_site.logs import HOUSEKEEPING, MONITORING

DAYS = 30
TOP_TAGS, LAST_RUNS = 12, 8
# What the charts need of the figures of a month; the lists beside them may be large.
COUNTED = ("projects", "valid_comments", "read_comments")
# How old the figures of the charts may be: they count tens of thousands of rows.
FIGURES_KEPT = 30


@dataclass(frozen=True)
class Figures:
    threads: int
    months: list[tuple[date, int]]
    days: list[tuple[date, int, int]]
    tags: list[tuple[int, str, int]]
    costs: list[ReadingCost]
    thread_months: list[tuple[date, int, float | None]]
    growing: list[tuple[str, int, float]]


def figures() -> Figures:
    """Return the figures, at most half a minute old."""
    return cache.get_or_set("waywo-dashboard-figures", _count, FIGURES_KEPT) or _count()


def _count() -> Figures:
    threads, months = _threads()
    newest = Analytics.objects.months().order_by("-year", "-month").first()
    return Figures(
        threads=threads,
        months=_projects_by_month(months),
        days=_readings_by_day(),
        tags=_top_tags(),
        costs=reading_costs(DAYS),
        thread_months=_figures_by_month(months),
        growing=newest.growing(TOP_TAGS) if newest else [],
    )


def _top_tags() -> list[tuple[int, str, int]]:
    posted = ~Q(projects__source=Project.Source.NEMO_DATA_DESIGNER)
    used = Tag.objects.annotate(uses=Count("projects", filter=posted)).filter(uses__gt=0)
    return list(used.order_by("-uses", "name").values_list("pk", "name", "uses")[:TOP_TAGS])


def _threads() -> tuple[int, list[date]]:
    """Return how many threads there are, and the months from the first to the last that is shown, all between too."""
    number, visible = 12 * F("year") + F("month") - 1, Q(dead=False, deleted=False)
    found = Post.objects.aggregate(
        count=Count("*"), first=Min(number, filter=visible), last=Max(number, filter=visible)
    )
    numbers = () if found["first"] is None else range(found["first"], found["last"] + 1)
    return found["count"], [date(number // 12, number % 12 + 1, 1) for number in numbers]


def _projects_by_month(months: list[date]) -> list[tuple[date, int]]:
    """Return how many projects were first seen in each of ``months``."""
    seen = Project.objects.posted().order_by().values_list(TruncMonth("first_seen_at")).annotate(n=Count("*"))
    by_month = {month.date(): number for month, number in seen}
    return [(month, by_month.get(month, 0)) for month in months]


def _figures_by_month(months: list[date]) -> list[tuple[date, int, float | None]]:
    """Return projects and share of valid comments of each of ``months``; none before they were computed once."""
    rows = {(row.year, row.month): row for row in Analytics.objects.months().only("year", "month", *COUNTED)}
    if not rows:
        return []
    found = [(month, rows.get((month.year, month.month))) for month in months]
    return [(month, row.projects if row else 0, row.valid_share if row else None) for month, row in found]


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
