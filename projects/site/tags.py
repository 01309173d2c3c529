"""Pages of tags."""

from django.http import HttpRequest, HttpResponse

from projects.site.errors import NoPage, reader_page


@reader_page
def tags(request: HttpRequest) -> HttpResponse:
    """Not there yet."""
    raise NoPage("This page is not there yet.")


@reader_page
def tag(request: HttpRequest, name: str) -> HttpResponse:
    """Not there yet."""
    raise NoPage("This page is not there yet.")
