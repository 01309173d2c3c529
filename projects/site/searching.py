"""The search: a page, and the results alone while somebody types."""

from dataclasses import dataclass
from typing import Any, get_args

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.caching import cached_by_version, is_staff
from projects.models import Project
from projects.search.query import SYNTAX, parse
from projects.search.searching import Hit, Mode, SearchAnswer, SearchTooSlow, search
from projects.site.errors import NoPage, TooSlow, reader_page
from projects.site.listing import one_of, page_number, with_row_fields

PER_PAGE = 20
MODES: dict[str, str] = {"hybrid": "Words and meaning", "words": "Words", "meaning": "Meaning"}


@dataclass(frozen=True)
class Found:
    """A hit, and its project with what a row shows."""

    hit: Hit
    project: Project


@cached_by_version(vary=("HX-Request",))
@reader_page
def search_page(request: HttpRequest) -> HttpResponse:
    """What was found for ``?q=``; the results alone for htmx."""
    context = results(request)
    # Where a browser goes back to a page that it has thrown away, htmx wants it whole.
    is_part = request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers
    return render(request, "projects/site/search_results.html" if is_part else "projects/site/search.html", context)


def results(request: HttpRequest) -> dict[str, Any]:
    """Return what the results show, for the ``q``, ``mode`` and ``page`` of the address.

    Raises BadRequest for another mode or page, NoPage for a page beyond the end, TooSlow.
    """
    answer, mode, number = answered(request, PER_PAGE), asked_mode(request), page_number(request)
    if number > 1 and not answer.hits:
        raise NoPage(f"There is no page {number} of what was found for this search.")
    query = answer.query
    return {
        "title": f"{query.text} · Search" if query.text else "Search",
        "q": query.text,
        "answer": answer,
        "found": _with_rows(answer),
        "asked_mode": mode,
        "modes": MODES.items(),
        "syntax": SYNTAX,
        "number": number,
    }


def asked_mode(request: HttpRequest) -> Mode:
    """Return the ``mode`` of the address. Raises BadRequest for another than there are."""
    return one_of(request, "mode", get_args(Mode), "hybrid")  # type: ignore[return-value]  # one of them


def answered(request: HttpRequest, per_page: int) -> SearchAnswer:
    """Return the hits of the page that the address asks for. Raises BadRequest and TooSlow."""
    mode, number, query = asked_mode(request), page_number(request), parse(request.GET.get("q", ""))
    try:
        shown = Project.objects.published(to_staff=is_staff(request))
        return search(query, shown, mode=mode, limit=per_page, offset=(number - 1) * per_page)
    except SearchTooSlow as error:
        raise TooSlow(str(error)) from error


def _with_rows(answer: SearchAnswer) -> list[Found]:
    ids = [hit.project.pk for hit in answer.hits]
    rows = {row.pk: row for row in with_row_fields(Project.objects.filter(pk__in=ids))} if ids else {}
    # One that was deleted since is left out.
    return [Found(hit, rows[hit.project.pk]) for hit in answer.hits if hit.project.pk in rows]
