"""What search engines are told of: a sitemap in parts, and robots.txt. Authors are left out: those are people."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.sitemaps import Sitemap
from django.contrib.sitemaps import views as sitemap_views
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from comments.models import Post
from core.caching import cached_by_version
from core.index_version import current
from projects.catalogue import counted_tags
from projects.models import Analytics, Project
from projects.site.charts import month_text
from projects.site.errors import reader_page

# Of one part: to write the addresses of ten thousand takes a second.
PROJECTS_A_PART = 2_000
PLAIN_PAGES = ("home", "projects", "months", "tags", "authors", "trends", "compare", "map", "digests", "about")


class Part(Sitemap):
    """A part of the sitemap. Its newest change is that of the index: to look at each page would take a second."""

    def get_latest_lastmod(self) -> datetime | None:
        """Return when anything of it may have changed last."""
        return current().changed_at


class Pages(Part):
    def items(self) -> Sequence[str]:
        return [reverse(f"site:{name}") for name in PLAIN_PAGES]

    def location(self, item: str) -> str:
        return item


class Months(Part):
    """Months, their digests and their threads."""

    def items(self) -> Sequence[str]:
        posts = list(Post.objects.visible().order_by("-year", "-month", "pk").values_list("year", "month", "pk"))
        digests = Analytics.objects.months().order_by("-year", "-month").values_list("year", "month")
        months = dict.fromkeys((year, month) for year, month, _ in posts)
        return [
            *(reverse("site:month", args=[month_text(month)]) for month in months),
            *(reverse("site:digest", args=[month_text(month)]) for month in digests),
            *(reverse("site:thread", args=[pk]) for _, _, pk in posts),
        ]

    def location(self, item: str) -> str:
        return item


class Tags(Part):
    def items(self) -> Sequence[str]:
        return sorted(tag.name for tag in counted_tags())

    def location(self, item: str) -> str:
        return reverse("site:tag", args=[item])


class Projects(Part):
    limit = PROJECTS_A_PART

    def items(self) -> QuerySet[Project]:
        return Project.objects.published().posted().only("title", "last_seen_at").order_by("pk")

    def lastmod(self, item: Project) -> datetime:
        return item.last_seen_at


PARTS: dict[str, type[Sitemap] | Sitemap] = {"pages": Pages, "months": Months, "tags": Tags, "projects": Projects}


@cached_by_version
@reader_page
def index(request: HttpRequest) -> HttpResponse:
    """The parts."""
    return sitemap_views.index(request, sitemaps=PARTS, sitemap_url_name="site:sitemap-part")


@cached_by_version
@reader_page
def part(request: HttpRequest, section: str) -> HttpResponse:
    """One part, by ``?p=`` one of its pages."""
    return sitemap_views.sitemap(request, sitemaps=PARTS, section=section)


def robots(request: HttpRequest) -> HttpResponse:
    """What machines may look at."""
    context: dict[str, Any] = {"sitemap": request.build_absolute_uri(reverse("site:sitemap"))}
    return render(request, "projects/site/robots.txt", context, content_type="text/plain; charset=utf-8")
