"""How often an address may search: it is the dearest thing that a stranger can ask for."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from core.api.problems import Problem
from core.callers import address_of
from projects.site.errors import NoPage, error_page
from waywo_site.api.errors import respond
from waywo_site.api.rate_limits import count_request

# Lists that are narrowed by words are searches, too.
PAGES = ("/search", "/search/feed", "/projects/", "/projects/feed", "/map/found")
API = "/api/search"


class TooManySearches(NoPage):
    """This address searched more often than it may."""

    status = 429
    heading = "Too many searches"


class SearchLimitMiddleware:
    """Counts the searches of an address, on the pages and in the API together, and refuses those beyond the limit."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info not in (*PAGES, API) or not request.GET.get("q"):
            return self.get_response(request)
        try:
            count_request("searches", address_of(request), settings.SEARCHES_PER_MINUTE)
        except Problem as problem:
            if request.path_info == API:
                return respond(problem)
            response = error_page(request, TooManySearches(problem.detail.replace("requests", "searches")))
            response["Retry-After"] = problem.headers["Retry-After"]
            return response
        return self.get_response(request)
