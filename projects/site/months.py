"""Pages of months."""

from django.http import HttpRequest, HttpResponse

from projects.site.errors import NoPage, reader_page


@reader_page
def months(request: HttpRequest) -> HttpResponse:
    """Not there yet."""
    raise NoPage("This page is not there yet.")


@reader_page
def month(request: HttpRequest, month: tuple[int, int]) -> HttpResponse:
    """Not there yet."""
    raise NoPage("This page is not there yet.")
