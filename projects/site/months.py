"""Pages of months: all of them, and one with what was counted of it and its projects."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from comments.models import Post
from core.caching import cached_by_version
from projects import trends
from projects.catalogue import in_months, listed_in, months_with_counts
from projects.models import Project
from projects.site.charts import by_month, month_name, month_text
from projects.site.errors import NoPage, reader_page
from projects.site.listing import list_context
from projects.site.rows import Row, rows
from projects.trends import Month

# Of tags, pairs and the like on the page of a month.
LISTED = 6
RETURNED = 4
# Of new tags in the list of months.
NEW = 4


@cached_by_version
@reader_page
def months(request: HttpRequest) -> HttpResponse:
    """All months that have a thread, newest first."""
    counted = {(row.year, row.month): row for row in trends.months_counted()}
    new = trends.new_by_month(NEW)
    rows = []
    for entry in months_with_counts():
        month = int(entry["month"][:4]), int(entry["month"][5:])
        more = {"key": month, "name": month_name(month), "figures": counted.get(month), "new": new.get(month, [])}
        rows.append(entry | more)
    counts = {row["key"]: row["projects"] for row in rows}
    return render(
        request,
        "projects/site/months.html",
        {
            "title": "Months",
            "description": "What people were working on, month by month.",
            "rows": rows,
            "chart": by_month("Projects by month", counts, trends.axis(counts)),
        },
    )


@cached_by_version
@reader_page
def month(request: HttpRequest, month: Month) -> HttpResponse:
    """One month: its threads, what was counted, its projects."""
    threads = threads_by_month()
    found = threads.get(month)
    if not found:
        raise NoPage(f"There is no thread of {month_text(month)}. {nearest(month, threads)}")
    figures = trends.month_counted(month)
    name = month_name(month)
    projects = Project.objects.published().posted().filter(listed_in(in_months([month_text(month)])))
    context: dict[str, Any] = {
        "title": name,
        "description": f"What people on Hacker News were working on in {name}.",
        "month": month_text(month),
        "threads": found,
        "figures": figures,
        "growing": trends.growing(figures, LISTED) if figures else [],
        "new": figures.new(LISTED) if figures else [],
        "pairs": figures.tag_pairs[:LISTED] if figures else [],
        "returned": returned([entry["id"] for entry in figures.returned[:RETURNED]]) if figures else [],
        "empty": "No project was found in it yet.",
    }
    return render(
        request,
        "projects/site/month.html",
        context | neighbours(month, threads) | list_context(request, projects, kept_as=("projects of a month", month)),
    )


def threads_by_month() -> dict[Month, list[Post]]:
    """Return the threads that strangers may see by month, oldest first; one query."""
    found: dict[Month, list[Post]] = {}
    for post in (
        Post.objects.visible()
        .only("source", "source_id", "title", "posted_at", "year", "month")
        .order_by("year", "month", "posted_at")
    ):
        found.setdefault((post.year, post.month), []).append(post)
    return found


def neighbours(month: Month, months: dict[Month, list[Post]]) -> dict[str, str | None]:
    """Return the months with a thread before and after ``month`` as ``before`` and ``after``."""
    earlier, later = [each for each in months if each < month], [each for each in months if each > month]
    return {"before": month_text(max(earlier)) if earlier else None, "after": month_text(min(later)) if later else None}


def nearest(month: Month, months: dict[Month, list[Post]]) -> str:
    """Return a sentence that names the months around ``month`` that have a thread."""
    around = [each for each in neighbours(month, months).values() if each]
    return f"There is one of {' and of '.join(around)}." if around else "There are none yet."


def returned(ids: list[int]) -> list[Row]:
    """Return the rows of the projects ``ids`` in that order; what strangers may not see any more is left out."""
    shown = set(Project.objects.published().filter(pk__in=ids).values_list("pk", flat=True)) if ids else ()
    return rows([pk for pk in ids if pk in shown])
