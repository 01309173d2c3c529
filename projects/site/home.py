"""The first page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.caching import cached_by_version
from projects import trends
from projects.filling import filling
from projects.models import Analytics, Project
from projects.site.charts import month_name
from projects.site.errors import reader_page
from projects.site.rows import rows

NEWEST = 12
GROWING = NEW = 6
# Lists of a month that the page does not show; each may be large.
UNUSED = ("tag_pairs", "returned", "hosts")
EXAMPLES = ("local-first notes", "tag:rust", '"side project"', "games without ads")


@cached_by_version
@reader_page
def home(request: HttpRequest) -> HttpResponse:
    """Search, the newest month, what grows, and the newest projects."""
    shown = Project.objects.published().posted()
    figures = Analytics.objects.months().defer(*UNUSED).order_by("-year", "-month").first()
    context = {
        "newest": rows(shown.order_by("-last_seen_at", "-id").values_list("pk", flat=True)[:NEWEST]),
        "figures": figures,
        "month": month_name((figures.year, figures.month)) if figures else "",
        "growing": trends.growing(figures, GROWING) if figures else [],
        "new": figures.new(NEW) if figures else [],
        "examples": EXAMPLES,
    }
    if context["newest"]:
        return render(request, "projects/site/home.html", context)
    response = render(request, "projects/site/home.html", context | {"filling": filling()})
    # What is being done about it changes without the index.
    response["Cache-Control"] = "no-cache"
    return response
