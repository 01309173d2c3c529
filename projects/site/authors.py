"""Pages of authors. An author is a name on one source."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db.models import Count, F, Max, Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from comments.models import Comment, Source
from core.caching import cached_by_version
from core.index_version import kept
from projects import trends
from projects.catalogue import shown_in
from projects.models import Project, Submission
from projects.site.charts import by_month
from projects.site.errors import NoPage, reader_page
from projects.site.listing import list_context, one_of, page_of, shortened

PER_PAGE = 100
ORDERS = {"projects": "Most projects", "months": "Most months", "name": "Name"}
# Of source, name, number of projects and of months.
Author = tuple[str, str, int, int]
ORDER_KEYS: dict[str, Callable[[Author], Any]] = {
    "projects": lambda row: (-row[2], row[1].lower(), row),
    "months": lambda row: (-row[3], -row[2], row[1].lower(), row),
    "name": lambda row: (row[1].lower(), row),
}
# Where an author's own page on the source is.
PROFILES = {Source.HACKER_NEWS: "https://news.ycombinator.com/user?id={}", Source.LOBSTERS: "https://lobste.rs/~{}"}


@cached_by_version
@reader_page
def authors(request: HttpRequest) -> HttpResponse:
    """Everybody who posted a project, by ``?order=``; ``?q=`` keeps the names that contain it."""
    order = one_of(request, "order", tuple(ORDERS), "projects")
    q = "".join(request.GET.get("q", "").replace("\0", "").split())[:64]
    counted = kept(("authors", order, settings.PUBLIC_PROJECTS), lambda: sorted(_counted(), key=ORDER_KEYS[order]))
    if q:
        counted = [row for row in counted if q.lower() in row[1].lower()]
    context = {
        "title": "Authors",
        "description": "Who is building what, month after month.",
        "authors": page_of(request, counted, PER_PAGE),
        "q": q,
        "order": order,
        "orders": list(ORDERS.items()),
    }
    return render(request, "projects/site/authors.html", context)


def _counted() -> list[Author]:
    """Return everybody who posted a project."""
    shown = Project.objects.published().posted().order_by().values("pk")
    return list(
        Submission.objects.visible()
        .filter(project__in=shown)
        .exclude(comment__author="")
        .order_by()
        .values_list("comment__source", "comment__author")
        .annotate(
            projects=Count("project", distinct=True),
            months=Count(F("comment__post__year") * 12 + F("comment__post__month"), distinct=True),
        )
    )


@cached_by_version
@reader_page
def author(request: HttpRequest, source: str, name: str) -> HttpResponse:
    """All projects of an author over time."""
    if source not in Source.values:
        raise NoPage(f"There is no source “{shortened(source)}”: there are {', '.join(Source.values)}.")
    written = Comment.objects.visible().filter(source=source, author=name)
    seen = written.aggregate(comments=Count("pk"), first=Min("posted_at"), last=Max("posted_at"))
    if not seen["comments"]:
        raise NoPage(f"Nobody of the name “{shortened(name)}” has a comment here.")
    by_them = {"comment__source": source, "comment__author": name}
    projects = Project.objects.published().posted().filter(shown_in(**by_them))
    counts = trends.course(projects, **by_them)
    context = {
        "title": f"Projects by {name}",
        "description": f"What {name} has been working on.",
        "author": name,
        "source": source,
        "source_name": Source(source).label,
        "profile": PROFILES[Source(source)].format(quote(name, safe="")) if source in PROFILES else "",
        "seen": seen,
        "months": len(counts),
        "run": trends.longest_run(counts),
        "chart": by_month("Projects by month", counts, trends.axis(counts)) if len(counts) > 1 else None,
        "empty": "No project was found in what they wrote.",
    }
    return render(request, "projects/site/author.html", context | list_context(request, projects))
