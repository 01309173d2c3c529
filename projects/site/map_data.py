"""What the map's canvas asks for: its dots, which of them a search finds, titles, and a project beside it."""

import gzip

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from core.api.listing import limited_query
from core.caching import cached_by_version
from core.index_version import kept
from projects.catalogue import published
from projects.mapping.models import Drawing
from projects.mapping.payload import mapped, payload
from projects.models import Project
from projects.search.query import parse
from projects.search.searching import SearchTooSlow, search_ids
from projects.site import filters
from projects.site.errors import BadRequest, NoPage, TooSlow, reader_page
from projects.site.map import shown_or_kept
from projects.site.rows import with_row_fields
from projects.site.saved import chosen_ids

DOTS = "application/octet-stream"


@cached_by_version(vary=("Accept-Encoding",))
@reader_page
def dots(request: HttpRequest) -> HttpResponse:
    """All dots, as ``payload`` writes them; this process makes and compresses them once until the index changes."""
    packed = kept(("map dots", settings.PUBLIC_PROJECTS), _packed)
    if packed is None:
        raise NoPage("The map has not been drawn yet.")
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        return HttpResponse(gzip.decompress(packed), content_type=DOTS)
    return HttpResponse(packed, content_type=DOTS, headers={"Content-Encoding": "gzip"})


def _packed() -> bytes | None:
    """Return all dots compressed; None where nothing was drawn."""
    return gzip.compress(payload(), mtime=0) if Drawing.objects.exists() else None


@cached_by_version
@reader_page
def found(request: HttpRequest) -> HttpResponse:
    """The ids of what the search ``?q=`` finds among the projects that fit the filters of the address, as JSON.

    Of words and meaning the best some hundreds; conditions and filters find all that fit. ``notice`` and ``messages``
    are those of the search.
    """
    wanted = filters.asked(request)
    if not wanted.given():
        raise BadRequest("Nothing is looked for: name words (q=) or a filter.")
    others, query = wanted.without_value("q"), parse(wanted.q or "")
    narrowed = published(others)
    if query.is_empty:
        with limited_query():
            ids = list(narrowed.order_by().values_list("pk", flat=True)) if others.given() else []
        return JsonResponse({"ids": ids, "notice": "", "messages": query.messages})
    try:
        answer = search_ids(query, narrowed)
    except SearchTooSlow as error:
        raise TooSlow(str(error)) from error
    response = JsonResponse({"ids": answer.ids, "notice": answer.notice, "messages": query.messages})
    if answer.is_partial:
        response["Cache-Control"] = "no-store"
    return response


@cached_by_version
@reader_page
def titles(request: HttpRequest) -> HttpResponse:
    """Title and short description of the projects ``?ids=1,2``, by id, as JSON: those that strangers may see."""
    rows = mapped().filter(pk__in=chosen_ids(request)).values_list("pk", "title", "short_description")
    return JsonResponse({"titles": {pk: [title, about] for pk, title, about in rows}})


@cached_by_version
@reader_page
def beside(request: HttpRequest, pk: int) -> HttpResponse:
    """One project as it is shown beside the map: a part of a page."""
    found = shown_or_kept(pk, with_row_fields(Project.objects.published()).select_related("dot__cluster__parent"))
    return render(request, "projects/site/map_project.html", {"project": found})
