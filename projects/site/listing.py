"""A list of projects on a page: its rows or cards, its order, and its pages."""

from array import array
from collections.abc import Hashable
from functools import cache, partial
from typing import Any, cast

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.core.paginator import Page, Paginator
from django.db.models import CharField, Count, DateField, F, Func, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat, JSONObject, LPad
from django.http import HttpRequest

from core.index_version import kept
from projects.models import Project, ProjectQuerySet, Submission, Tag
from projects.site.errors import BadRequest, NoPage

PER_PAGE = 30
LAYOUTS = ("list", "cards")
# What ``?order=`` takes: what a person reads, and the columns.
ORDERS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "newest": ("Newest", ("-last_seen_at", "-id")),
    "oldest": ("Oldest", ("first_seen_at", "id")),
    "idea": ("Idea score", (Coalesce("idea_score", 0).desc(), F("id").desc())),
    "complexity": ("Complexity", (Coalesce("complexity_score", 0).desc(), F("id").desc())),
}

_year = Cast("comment__post__year", CharField())
_month = LPad(Cast("comment__post__month", CharField()), 2, Value("0"))
# Of a submission: the month of its thread, as 2026-09.
MONTH = Concat(_year, Value("-"), _month)
# The same as people write it: Sep 2026.
MONTH_LABEL = Func(
    Func(F("comment__post__year"), F("comment__post__month"), 1, function="make_date", output_field=DateField()),
    Value("Mon YYYY"),
    function="to_char",
    output_field=CharField(),
)


def visible_submissions() -> QuerySet[Submission]:
    """Return the appearances that strangers may see."""
    return Submission.objects.visible()


def with_row_fields(projects: QuerySet[Project]) -> ProjectQuerySet:
    """Add what a row shows, computed for the rows that are fetched alone.

    ``tag_names``; ``last`` (author, source, month and its label) of the newest comment that strangers may see it in;
    and ``appearances``, in how many of them it is.
    """
    return cast("ProjectQuerySet", projects).annotate(**_row_fields()).without_heavy_fields()


@cache
def _row_fields() -> dict[str, Any]:
    """Return the expressions, put together once: that takes longer than to look them up for a page."""
    seen = visible_submissions().filter(project=OuterRef("pk"))
    last = seen.order_by("-comment__posted_at", "-pk").values(
        json=JSONObject(author="comment__author", source="comment__source", month=MONTH, label=MONTH_LABEL)
    )
    counted = seen.order_by().values("project").annotate(n=Count("pk")).values("n")
    return {
        "tag_names": ArraySubquery(Tag.objects.filter(projects=OuterRef("pk")).order_by("name").values("name")),
        "last": Subquery(last[:1]),
        "appearances": Coalesce(Subquery(counted), 0),
    }


def list_context(
    request: HttpRequest,
    projects: QuerySet[Project],
    order: str = "newest",
    *,
    total: int | None = None,
    kept_as: tuple[Hashable, ...] = (),
) -> dict[str, Any]:
    """Return what ``projects/site/project_list.html`` shows of ``projects``: the page that the address asks for.

    Reads ``page``, ``view`` and ``order`` from the query; costs two queries, one where ``total`` says how many
    ``projects`` there are or ``kept_as`` names them (see ``page_of_rows``). Raises BadRequest for a value that there is
    not, NoPage for a page beyond the end.
    """
    order = one_of(request, "order", tuple(ORDERS), order)
    return {
        "projects": page_of_rows(
            request,
            projects.order_by(*ORDERS[order][1]),
            PER_PAGE,
            total=total,
            kept_as=(*kept_as, order) if kept_as else (),
        ),
        "layout": one_of(request, "view", LAYOUTS, "list"),
        "order": order,
        "orders": [(name, label) for name, (label, _) in ORDERS.items()],
    }


def page_of_rows(
    request: HttpRequest,
    projects: QuerySet[Project],
    per_page: int,
    *,
    total: int | None = None,
    kept_as: tuple[Hashable, ...] = (),
) -> Page:
    """Return the page of ``projects``, which are in their order, with what a row shows; raises as ``page_of`` does.

    The ids are paged: what a row shows would be computed for the rows of all pages before as well. Where ``kept_as``
    names the list, which strangers and staff see alike, its ids are kept until the index changes.
    """
    ids: Any = projects.values_list("pk", flat=True)
    if kept_as:
        ids = kept((*kept_as, settings.PUBLIC_PROJECTS), partial(array, "q", ids))
    page = page_of(request, ids, per_page, total=total)
    page.object_list = _rows().filter(pk__in=page.object_list).order_by(*projects.query.order_by)
    return page


@cache
def _rows() -> ProjectQuerySet:
    """Return all projects with what a row shows: to put that query together takes longer than to ask it."""
    return with_row_fields(Project.objects.all())


def page_of(request: HttpRequest, rows: Any, per_page: int, *, total: int | None = None) -> Page:
    """Return the page of ``rows`` that ``?page=`` names, the first for none.

    Raises BadRequest for what is no number, NoPage for a page beyond the end.
    """
    number = page_number(request)
    paginator = Paginator(rows, per_page)
    if total is not None:
        paginator.count = total  # type: ignore[method-assign, assignment]  # a cached property
    if number > paginator.num_pages:
        raise NoPage(f"There is no page {number}: the last one is {paginator.num_pages}.")
    return paginator.page(number)


def page_number(request: HttpRequest) -> int:
    """Return the number that ``?page=`` names, 1 for none. Raises BadRequest for what is no number from 1."""
    text = request.GET.get("page", "").strip() or "1"
    if not (text.isascii() and text.isdecimal() and int(text[:10]) > 0):
        raise BadRequest(f"page={shortened(text)} is no page: a page is a number from 1.")
    return int(text[:10])


def one_of(request: HttpRequest, name: str, choices: tuple[str, ...], default: str) -> str:
    """Return the value of a parameter that takes one of a few words. Raises BadRequest for another."""
    value = request.GET.get(name, "") or default
    if value not in choices:
        raise BadRequest(f"{name}={shortened(value)} is not known: there are {', '.join(choices)}.")
    return value


def shortened(value: str) -> str:
    """Return what a reader typed as a message may repeat it: its first 60 characters, control characters left out."""
    readable = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in value[:61])
    return f"{readable[:60]}…" if len(readable) > 60 else readable
