"""What this is."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from projects.site.errors import reader_page


@reader_page
def about(request: HttpRequest) -> HttpResponse:
    """What this is, how comments are read, what is pending, and how to have something removed."""
    return render(request, "projects/site/about.html", {"title": "About"})
