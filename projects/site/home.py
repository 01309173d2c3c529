"""The first page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from projects.models import Project
from projects.site.errors import reader_page
from projects.site.listing import with_row_fields

NEWEST = 12


@reader_page
def home(request: HttpRequest) -> HttpResponse:
    """Search, and the newest projects."""
    newest = with_row_fields(Project.objects.published().posted()).order_by("-last_seen_at", "-id")[:NEWEST]
    return render(request, "projects/site/home.html", {"newest": newest})
