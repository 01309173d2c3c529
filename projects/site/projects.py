"""All projects, narrowed down by filters."""

from contextlib import nullcontext

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.api.listing import limited_query
from core.caching import cached_by_version
from projects.catalogue import published
from projects.conditions import Conditions
from projects.facets import facets
from projects.site import filters
from projects.site.errors import reader_page
from projects.site.listing import list_context
from projects.site.navigation import shows_waiting


@cached_by_version
@reader_page
def projects(request: HttpRequest) -> HttpResponse:
    """The list, as rows or cards, beside its filters."""
    wanted = filters.asked(request)
    # What is not narrowed down takes no time worth a limit.
    with limited_query() if wanted.given() else nullcontext():
        return _page(request, wanted, shows_waiting(request))


def _page(request: HttpRequest, wanted: Conditions, to_staff: bool) -> HttpResponse:
    counted = facets(wanted, to_staff=to_staff)
    context = {
        "title": "Projects",
        "filters": filters.kept_panel(request, wanted, counted, to_staff),
        "held": filters.held(request, wanted),
        "wanted": wanted,
        "hidden_fields": filters.hidden_fields(request, wanted, "q"),
        "level": 2,
    } | list_context(request, published(wanted, to_staff=to_staff, page=True), total=counted.total)
    return render(request, "projects/site/projects.html", context)
