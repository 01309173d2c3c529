"""Pages of authors."""

from django.http import HttpRequest, HttpResponse

from projects.site.errors import NoPage, reader_page


@reader_page
def authors(request: HttpRequest) -> HttpResponse:
    """Not there yet."""
    raise NoPage("This page is not there yet.")


@reader_page
def author(request: HttpRequest, source: str, name: str) -> HttpResponse:
    """Not there yet."""
    raise NoPage("This page is not there yet.")
