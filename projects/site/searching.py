"""The search: a page, and the results alone while somebody types."""

from functools import partial
from typing import Any, get_args

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.caching import cached_by_version
from projects.models import Project, ProjectQuerySet
from projects.search.query import SYNTAX, parse
from projects.search.searching import Load, Mode, SearchAnswer, SearchTooSlow, search
from projects.site.errors import NoPage, TooSlow, reader_page
from projects.site.listing import one_of, page_number
from projects.site.navigation import shows_waiting
from projects.site.rows import rows

PER_PAGE = 20
MODES: dict[str, str] = {"hybrid": "Words and meaning", "words": "Words", "meaning": "Meaning"}


@cached_by_version(vary=("HX-Request", "HX-History-Restore-Request"))
@reader_page
def search_page(request: HttpRequest) -> HttpResponse:
    """What was found for ``?q=``; the results alone for htmx."""
    context = results(request)
    # Where a browser goes back to a page that it has thrown away, htmx wants it whole.
    is_part = request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers
    template = "projects/site/search_results.html" if is_part else "projects/site/search.html"
    return kept_if_whole(render(request, template, context), context["answer"])


def results(request: HttpRequest) -> dict[str, Any]:
    """Return what the results show, for the ``q``, ``mode`` and ``page`` of the address.

    Raises BadRequest for another mode or page, NoPage for a page beyond the end, TooSlow.
    """
    shown = Project.objects.published(to_staff=shows_waiting(request))
    answer = answered(request, shown, PER_PAGE, partial(rows, described=True))
    mode, number = asked_mode(request), page_number(request)
    if number > 1 and not answer.hits:
        raise NoPage(f"There is no page {number} of what was found for this search.")
    query = answer.query
    return {
        "title": f"{query.text} · Search" if query.text else "Search",
        "q": query.text,
        "answer": answer,
        "asked_mode": mode,
        "modes": MODES.items(),
        "syntax": SYNTAX,
        "number": number,
    }


def asked_mode(request: HttpRequest) -> Mode:
    """Return the ``mode`` of the address. Raises BadRequest for another than there are."""
    return one_of(request, "mode", get_args(Mode), "hybrid")  # type: ignore[return-value]  # one of them


def answered(request: HttpRequest, projects: ProjectQuerySet, per_page: int, load: Load | None = None) -> SearchAnswer:
    """Return the hits among ``projects`` on the page that the address asks for, which ``load`` gets by their ids.

    Raises BadRequest and TooSlow.
    """
    mode, number, query = asked_mode(request), page_number(request), parse(request.GET.get("q", ""))
    try:
        return search(query, projects, mode=mode, limit=per_page, offset=(number - 1) * per_page, load=load)
    except SearchTooSlow as error:
        raise TooSlow(str(error)) from error


def kept_if_whole(response: HttpResponse, answer: SearchAnswer) -> HttpResponse:
    """Return ``response``, marked not to be kept where the embedding service did not answer: it may a moment later."""
    if answer.is_partial:
        response["Cache-Control"] = "no-store"
    return response
