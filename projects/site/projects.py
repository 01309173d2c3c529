"""All projects, narrowed down by filters."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.caching import cached_by_version, is_staff
from projects.catalogue import published
from projects.facets import facets
from projects.site import filters
from projects.site.errors import reader_page
from projects.site.listing import list_context


@cached_by_version
@reader_page
def projects(request: HttpRequest) -> HttpResponse:
    """The list, as rows or cards, beside its filters."""
    wanted = filters.asked(request)
    to_staff = is_staff(request)
    counted = facets(wanted, to_staff=to_staff)
    context = {
        "title": "Projects",
        "groups": filters.groups(request, wanted, counted),
        "held": filters.held(request, wanted),
        "wanted": wanted,
        "hidden_fields": filters.hidden_fields(request, wanted, "q"),
        "level": 2,
    } | list_context(request, published(wanted, to_staff=to_staff), total=counted.total)
    return render(request, "projects/site/projects.html", context)
