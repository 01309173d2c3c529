"""The digest of a month, made from its stored figures."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.caching import cached_by_version
from projects import trends
from projects.catalogue import in_months, listed_in
from projects.models import Analytics, Project
from projects.site.charts import by_score, month_name, month_text
from projects.site.errors import NoPage, reader_page
from projects.site.listing import ORDERS
from projects.site.months import returned
from projects.site.rows import rows
from projects.trends import Month

TAGS, PAIRS, HOSTS, BEST, RETURNED = 10, 6, 8, 10, 10


@cached_by_version
@reader_page
def digests(request: HttpRequest) -> HttpResponse:
    """The months that have a digest, newest first."""
    rows = [(month_name((row.year, row.month)), row) for row in trends.months_counted()]
    context = {"title": "Digests", "description": "Each month in short.", "rows": rows[::-1]}
    return render(request, "projects/site/digests.html", context)


@cached_by_version
@reader_page
def digest(request: HttpRequest, month: Month) -> HttpResponse:
    """A month in short."""
    figures = trends.month_counted(month)
    if figures is None:
        raise NoPage(f"Nothing was counted of {month_text(month)} yet: figures are computed once a day.")
    return render(request, "projects/site/digest.html", contents(figures))


def contents(figures: Analytics) -> dict[str, Any]:
    """Return what a digest tells of the month of ``figures``; two queries."""
    month = figures.year, figures.month
    projects = Project.objects.published().posted().filter(listed_in(in_months([month_text(month)])))
    best = projects.filter(idea_score__gte=1).order_by(*ORDERS["idea"][1]).values_list("pk", flat=True)
    return {
        "title": f"Digest of {month_name(month)}",
        "description": f"{month_name(month)} in short: what grew, what was new, what came back.",
        "name": month_name(month),
        "month": month_text(month),
        "figures": figures,
        "growing": trends.growing(figures, TAGS),
        "new": figures.new(TAGS),
        "pairs": figures.tag_pairs[:PAIRS],
        # A host of one project is that project's own.
        "hosts": [host for host in figures.hosts if host["count"] > 1][:HOSTS],
        "best": rows(best[:BEST]),
        "returned": returned([entry["id"] for entry in figures.returned[:RETURNED]]),
        "ideas": by_score("Projects by idea score", figures.idea_scores),
        "complexities": by_score("Projects by complexity score", figures.complexity_scores),
    }


def newest(rows: int) -> list[Analytics]:
    """Return the figures of the newest months, newest first, with their lists."""
    return list(Analytics.objects.months().order_by("-year", "-month")[:rows])


def month_end(month: Month) -> datetime:
    """Return the moment at which ``month`` was over."""
    year, number = month
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)


def titles_of(rows: list[Analytics]) -> dict[int, Project]:
    """Return the projects that came back in any of the months of ``rows``, by id; one query."""
    ids = {entry["id"] for row in rows for entry in row.returned[:RETURNED]}
    return Project.objects.published().only("title").in_bulk(ids) if ids else {}


def in_short(figures: Analytics, projects: dict[int, Project]) -> dict[str, Any]:
    """Return what a feed tells of the month of ``figures``, without a query; ``projects`` as of ``titles_of``."""
    return {
        "name": month_name((figures.year, figures.month)),
        "figures": figures,
        "growing": trends.growing(figures, TAGS),
        "new": figures.new(TAGS),
        "pairs": figures.tag_pairs[:PAIRS],
        "returned": [projects[each["id"]] for each in figures.returned[:RETURNED] if each["id"] in projects],
    }
