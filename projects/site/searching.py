"""The search."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from projects.site.errors import reader_page


@reader_page
def search(request: HttpRequest) -> HttpResponse:
    """What was found for ``?q=``."""
    return render(request, "projects/site/search.html", {"title": "Search", "q": request.GET.get("q", "")})
