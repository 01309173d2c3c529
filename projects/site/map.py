"""The map: every published project a dot, near what it is like. What it draws comes of map_data.py."""

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from core.api.listing import LARGEST_ID, limited_query
from core.caching import cached_by_version
from core.index_version import kept
from projects.facets import facets
from projects.mapping.models import Cluster, Dot, Drawing
from projects.mapping.payload import mapped
from projects.models import Project
from projects.site import filters
from projects.site.errors import BadRequest, NoPage, reader_page
from projects.site.listing import list_context, shortened
from projects.site.project import kept_for

# What the page lists of each area: the rest stands on the area's own page.
FIRST = 3
BETWEEN = "between"


@dataclass
class Area:
    """A cluster with its newest projects; a broad one with its parts. ``count`` has those that strangers may see."""

    cluster: Cluster
    count: int = 0
    first: list[Project] = field(default_factory=list)
    parts: list["Area"] = field(default_factory=list)


@cached_by_version
@reader_page
def map_page(request: HttpRequest) -> HttpResponse:
    """The canvas with its search and filters, and the same as a list of areas."""
    drawing = Drawing.objects.first()
    wanted = filters.asked(request)
    here = _one(request)
    context: dict[str, Any] = {"title": "Map", "drawing": drawing, "here": here, "wanted": wanted}
    if drawing is None:
        response = render(request, "projects/site/map.html", context)
        # When it comes changes without the index.
        response["Cache-Control"] = "no-cache"
        return response
    narrowed = wanted.without_value("q")
    with limited_query() if narrowed.given() else nullcontext():
        counted = facets(narrowed)
    context |= {
        "areas": kept_areas(drawing),
        "filters": filters.kept_panel(request, wanted, counted, False),
        "held": filters.held(request, wanted),
        "hidden_fields": filters.hidden_fields(request, wanted, "q"),
        "narrowed": narrowed.given(),
    }
    return render(request, "projects/site/map.html", context)


def _one(request: HttpRequest) -> Project | None:
    """Return the project that ``?project=`` names, with its dot where it has one.

    Raises BadRequest for what is no id, and as ``kept_for`` for one that is not shown.
    """
    text = request.GET.get("project", "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and 0 < int(text) <= LARGEST_ID):
        raise BadRequest(f"project={shortened(text)} is no project: it is the number in the address of its page.")
    return shown_or_kept(int(text), Project.objects.published().select_related("dot__cluster__parent"))


def shown_or_kept(pk: int, shown: QuerySet[Project]) -> Project:
    """Return that one of ``shown``, or the one that it was merged into. Raises as ``kept_for``, and NoPage."""
    shown = shown.defer("embedding", "search_vector", "description", "url_summaries")
    found = shown.filter(pk=pk).first() or shown.filter(pk=kept_for(pk).pk).first()
    if found is None:
        raise NoPage(f"Project {pk} is not shown.")
    return found


def kept_areas(drawing: Drawing) -> SafeString:
    """Return the list of areas as HTML, kept until the index changes: it is the same whatever is looked for."""

    def made() -> SafeString:
        broad, between = areas(drawing)
        return render_to_string("projects/site/map_areas.html", {"broad": broad, "between": between})

    return kept(("map areas", drawing.pk, settings.PUBLIC_PROJECTS), made)


def areas(drawing: Drawing) -> tuple[list[Area], Area | None]:
    """Return the broad areas of ``drawing``, largest first, each with its parts, and what lies between all of them."""
    clusters = list(Cluster.objects.filter(drawing=drawing).order_by("level", "-projects", "number"))
    first = _first_of_each()
    counts = dict(mapped().values_list("dot__cluster").annotate(n=Count("pk")).order_by())
    found = {each.pk: Area(each, counts.get(each.pk, 0), first.get(each.pk, [])) for each in clusters}
    for each in clusters:
        if each.parent_id in found:
            whole = found[each.parent_id]
            whole.parts.append(found[each.pk])
            whole.count += found[each.pk].count
    shown = [found[each.pk] for each in clusters if each.parent_id is None and found[each.pk].count]
    for area in shown:
        area.parts = [part for part in area.parts if part.count]
    nowhere = Cluster(number=0, name="Between the areas")
    between = Area(nowhere, counts.get(None, 0), first.get(None, []))
    return sorted(shown, key=lambda area: -area.count), between if between.count else None


def _first_of_each() -> dict[int | None, list[Project]]:
    """Return the newest projects of each cluster, by its id; under None those that are in none."""
    ranked = mapped().annotate(
        place=Window(RowNumber(), partition_by=F("dot__cluster"), order_by=[F("last_seen_at").desc(), F("pk").desc()])
    )
    rows = (
        ranked.filter(place__lte=FIRST)
        .annotate(cluster_id=F("dot__cluster"))
        .only("title", "short_description")
        .order_by("place")
    )
    found: dict[int | None, list[Project]] = {}
    for row in rows:
        found.setdefault(row.cluster_id, []).append(row)  # type: ignore[attr-defined]  # annotated
    return found


@cached_by_version
@reader_page
def area(request: HttpRequest, number: int) -> HttpResponse:
    """All projects of one area of the map."""
    cluster = Cluster.objects.filter(drawing=_drawn(), number=min(number, 2**15)).select_related("parent").first()
    dots = Dot.objects.filter(project__in=mapped())
    # A name is made of projects: where none of them is shown any more, neither is it.
    if cluster is None or not dots.inside(cluster).exists():
        raise NoPage(f"The map has no area {number}.")
    parts = Cluster.objects.filter(parent=cluster, pk__in=dots.values("cluster"))
    return _area_page(request, cluster, Dot.objects.inside(cluster), parts)


@cached_by_version
@reader_page
def between(request: HttpRequest) -> HttpResponse:
    """All projects that lie between the areas of the map."""
    _drawn()
    return _area_page(request, Cluster(number=0, name="Between the areas"), Dot.objects.filter(cluster=None))


def _drawn() -> Drawing:
    """Return the newest drawing. Raises NoPage before the first."""
    drawing = Drawing.objects.first()
    if drawing is None:
        raise NoPage("The map has not been drawn yet.")
    return drawing


def _area_page(
    request: HttpRequest, cluster: Cluster, dots: QuerySet[Dot], parts: Iterable[Cluster] = ()
) -> HttpResponse:
    projects = mapped().filter(pk__in=dots.values("project"))
    context = {"title": f"{cluster.name} · Map", "cluster": cluster, "parts": parts, "level": 3} | list_context(
        request, projects, kept_as=("map area", cluster.pk)
    )
    return render(request, "projects/site/map_area.html", context)
