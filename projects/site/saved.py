"""What a visitor saved: the list stands in the browser, and is shown here from the ids that it sends."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.api.listing import LARGEST_ID
from core.caching import cached_by_version
from projects.models import Project
from projects.site.errors import BadRequest, reader_page
from projects.site.listing import shortened
from projects.site.rows import Row, rows

# Of one request; a browser asks again for the rest.
MOST_IDS = 100


@cached_by_version
@reader_page
def saved(request: HttpRequest) -> HttpResponse:
    """The page of the list, whole without a script for ids in its address: ``?ids=1,2``."""
    ids = chosen_ids(request)
    context = {"title": "Saved", "projects": found(ids), "ids": ids, "most_ids": MOST_IDS}
    return render(request, "projects/site/saved.html", context)


def chosen_ids(request: HttpRequest) -> list[int]:
    """Return the ids that ``?ids=`` names, each once, in their order. Raises BadRequest for what is none."""
    parts = dict.fromkeys(filter(None, (part.strip() for part in request.GET.get("ids", "").split(","))))
    for part in parts:
        if not (part.isascii() and part.isdecimal() and len(part) < 20 and int(part) <= LARGEST_ID):
            raise BadRequest(f"ids={shortened(part)} is no id of a project: it expects numbers, with commas between.")
    if len(parts) > MOST_IDS:
        raise BadRequest(f"{len(parts)} projects are too many for one address: {MOST_IDS} at most.")
    return [int(part) for part in parts]


def found(ids: list[int]) -> list[Row]:
    """Return the projects of ``ids`` that strangers may see, in that order."""
    shown = set(Project.objects.published().filter(pk__in=ids).values_list("pk", flat=True)) if ids else ()
    return rows([pk for pk in ids if pk in shown])
