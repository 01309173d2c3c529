"""A list of projects on a page: its rows or cards, its order, and its pages."""

from array import array
from collections.abc import Hashable
from functools import partial
from typing import Any

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest

from core.index_version import kept
from projects.models import Project
from projects.site.errors import BadRequest, NoPage
from projects.site.rows import rows

PER_PAGE = 30
LAYOUTS = ("list", "cards")
# What ``?order=`` takes: what a person reads, and the columns.
ORDERS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "newest": ("Newest", ("-last_seen_at", "-id")),
    "oldest": ("Oldest", ("first_seen_at", "id")),
    "idea": ("Idea score", (Coalesce("idea_score", 0).desc(), F("id").desc())),
    "complexity": ("Complexity", (Coalesce("complexity_score", 0).desc(), F("id").desc())),
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
    page.object_list = rows(page.object_list)
    return page


def page_of(request: HttpRequest, everything: Any, per_page: int, *, total: int | None = None) -> Page:
    """Return the page of ``everything`` that ``?page=`` names, the first for none.

    Raises BadRequest for what is no number, NoPage for a page beyond the end.
    """
    number = page_number(request)
    paginator = Paginator(everything, per_page)
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
