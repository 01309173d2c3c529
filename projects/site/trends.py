"""Pages of trends: how tags go, months beside each other, what grows, is new, goes together or comes back."""

import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.caching import cached_by_version
from projects import trends as figures
from projects.analytics.models import Analytics
from projects.site.charts import Chart, by_month, month_name, month_text
from projects.site.converters import MonthConverter
from projects.site.errors import BadRequest, reader_page
from projects.site.listing import shortened
from projects.site.months import returned
from projects.site.rows import Row
from projects.trends import Month

# Tags whose courses one page shows, and rows of each table.
COURSES = 8
LISTED = 15
RETURNED = 12


@dataclass(frozen=True)
class Course:
    """A tag over the months."""

    name: str
    chart: Chart
    total: int
    counts: list[int]


@cached_by_version
@reader_page
def trends(request: HttpRequest) -> HttpResponse:
    """Tags over the months, by ``?tag=`` (repeated) or the most used; what the newest month had more of than before."""
    rows = figures.months_counted()
    months = figures.axis((row.year, row.month) for row in rows)
    wanted = chosen_tags(request)
    courses = tag_courses(wanted or (figures.most_used(COURSES) if rows else []), months)
    newest = figures.month_counted() if rows else None
    projects = {(row.year, row.month): row.projects for row in rows}
    context = {
        "title": "Trends",
        "description": "Which tags grow, what is new, what goes together and which projects come back.",
        "rows": rows[::-1],
        "lines": [
            (month_text(month), [course.counts[place] for course in courses]) for place, month in enumerate(months)
        ],
        "chart": by_month("Projects by month", projects, months),
        "courses": courses,
        "wanted": wanted,
        "unknown": [course.name for course in courses if wanted and not course.total],
        "newest": newest,
        "newest_name": month_name((newest.year, newest.month)) if newest else "",
        "growing": figures.growing(newest, LISTED) if newest else [],
        "new": newest.new(LISTED) if newest else [],
        "pairs": newest.tag_pairs[:LISTED] if newest else [],
        "returned": _returned() if newest else [],
    }
    return render(request, "projects/site/trends.html", context)


def _returned() -> list[tuple[Row, int]]:
    """Return the projects that came back most often, each with its number of months."""
    months_of = dict(figures.came_back(RETURNED))
    return [(row, months_of[row.pk]) for row in returned(list(months_of))]


@cached_by_version
@reader_page
def compare(request: HttpRequest) -> HttpResponse:
    """Two months beside each other, ``?before=2026-08&after=2026-09``; the newest two for none."""
    rows = figures.months_counted()
    known = [(row.year, row.month) for row in rows]
    before, after = chosen_month(request, "before", known, -2), chosen_month(request, "after", known, -1)
    one, other = (figures.month_counted(month) if month else None for month in (before, after))
    context: dict[str, Any] = {
        "title": "Months compared",
        "description": "What changed between two months.",
        "months": [month_text(month) for month in known[::-1]],
        "before": one,
        "after": other,
        "lines": compared(one, other) if one and other else [],
    }
    if one and other:
        changes = figures.changes(one, other)
        context |= {
            "more": [change for change in changes if change.difference > 0][:LISTED],
            "less": [change for change in changes[::-1] if change.difference < 0][:LISTED],
        }
    return render(request, "projects/site/compare.html", context)


def chosen_tags(request: HttpRequest) -> list[str]:
    """Return the tags that ``?tag=`` names, each once; several may stand in one, with commas. Raises BadRequest."""
    names = [" ".join(name.lower().split()) for value in request.GET.getlist("tag") for name in value.split(",")]
    wanted = list(dict.fromkeys(filter(None, names)))
    for name in wanted:
        if len(name) > 50 or "\0" in name:
            raise BadRequest(f"tag={shortened(name)} is no tag: they have 50 characters at most.")
    if len(wanted) > COURSES:
        raise BadRequest(f"{len(wanted)} tags are too many to compare: {COURSES} at most.")
    return wanted


def chosen_month(request: HttpRequest, name: str, known: list[Month], place: int) -> Month | None:
    """Return the month that the parameter ``name`` holds, else the one at ``place`` of ``known`` or nearest to it.

    Raises BadRequest for what is no month, and for a month that nothing was counted of.
    """
    text = request.GET.get(name, "").strip()
    if not text:
        return (known[place] if len(known) >= -place else known[0]) if known else None
    if not re.fullmatch(MonthConverter.regex, text):
        raise BadRequest(f"{name}={shortened(text)} is no month: it expects one as 2026-09.")
    month = MonthConverter().to_python(text)
    if month not in known:
        raise BadRequest(f"Nothing was counted of {text}: choose one of the list.")
    return month


def tag_courses(names: list[str], months: list[Month]) -> list[Course]:
    """Return the course of each of the tags ``names`` over ``months``."""
    found = figures.tag_courses(names) if names else {}
    return [
        Course(name, by_month(name, counts, months), sum(counts.values()), [counts.get(month, 0) for month in months])
        for name, counts in found.items()
    ]


def compared(before: Analytics, after: Analytics) -> list[tuple[str, str, str]]:
    """Return the lines of the table of counts: what, in the month before, in the month after."""
    lines = [
        (name, str(getattr(before, field)), str(getattr(after, field)))
        for name, field in (
            ("Comments", "comments"),
            ("Projects", "projects"),
            ("Seen before", "projects_seen_again"),
            ("Authors", "authors"),
            ("Authors who came back", "returning_authors"),
        )
    ]
    return [
        *lines,
        ("Comments with a project", share(before.valid_share), share(after.valid_share)),
        ("Mean idea score", mean(before.idea_scores), mean(after.idea_scores)),
        ("Mean complexity score", mean(before.complexity_scores), mean(after.complexity_scores)),
    ]


def share(value: float | None) -> str:
    """Return a share of one as people read it; a dash where there is none."""
    return "–" if value is None else f"{value:.0%}"


def mean(counts: list[int]) -> str:
    """Return the mean of scores counted from 1, with one decimal."""
    total = sum(counts)
    return f"{sum(score * count for score, count in enumerate(counts, start=1)) / total:.1f}" if total else "–"
