"""Pages of threads."""

from django.http import HttpRequest, HttpResponse

from projects.site.errors import NoPage, reader_page


@reader_page
def thread(request: HttpRequest, pk: int) -> HttpResponse:
    """Not there yet."""
    raise NoPage("This page is not there yet.")
