"""Pages of tags: all of them, and one with its course over the months."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from core.caching import cached_by_version
from core.index_version import kept
from projects import trends
from projects.catalogue import counted_tags
from projects.models import Tag, TagAlias
from projects.site.charts import by_month
from projects.site.errors import NoPage, reader_page
from projects.site.listing import list_context, one_of, page_of, shortened

PER_PAGE = 120
ORDERS = {"count": "Most projects", "name": "Name"}
BESIDE = 16


@cached_by_version
@reader_page
def tags(request: HttpRequest) -> HttpResponse:
    """All tags with their numbers of projects, by ``?order=``; ``?q=`` keeps those that contain it."""
    order = one_of(request, "order", tuple(ORDERS), "count")
    q = " ".join(request.GET.get("q", "").replace("\0", "").lower().split())[:50]
    counted = [(tag.name, tag.project_count) for tag in counted_tags() if q in tag.name]
    if order == "name":
        counted.sort()
    context = {
        "title": "Tags",
        "description": "What projects are made with and what they are about.",
        "tags": page_of(request, counted, PER_PAGE),
        "q": q,
        "order": order,
        "orders": list(ORDERS.items()),
    }
    return render(request, "projects/site/tags.html", context)


@cached_by_version
@reader_page
def tag(request: HttpRequest, name: str) -> HttpResponse:
    """A tag: its course over the months, the tags beside it, its projects. Another name of it leads here."""
    found = Tag.objects.filter(name=name).first()
    if found is None:
        if known := known_by(name):
            return redirect("site:tag", known, permanent=True)
        raise NoPage(f"No project has the tag “{shortened(name)}”.")
    projects = trends.shown(found)
    counts = kept(("course of a tag", found.pk, settings.PUBLIC_PROJECTS), lambda: trends.course(projects))
    context = {
        "title": f"Projects with the tag {found.name}",
        "description": f"Projects tagged {found.name}, and how their number went over the months.",
        "tag": found,
        "chart": by_month("Projects by month", counts, trends.axis(counts)) if counts else None,
        "beside": kept(
            ("tags beside", found.pk, settings.PUBLIC_PROJECTS), lambda: trends.together_with(found, BESIDE)
        ),
        "empty": "No project has it now.",
    }
    listed = list_context(request, projects, kept_as=("projects of a tag", found.pk))
    return render(request, "projects/site/tag.html", context | listed)


def known_by(name: str) -> str | None:
    """Return the tag that another writing of it, or another name for it, stands for; None where it is unknown."""
    lower = " ".join(name.lower().split())
    alias = TagAlias.objects.filter(name=lower).values_list("tag__name", flat=True).first()
    return alias or Tag.objects.filter(name=lower).values_list("name", flat=True).first()
