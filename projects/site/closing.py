"""Closes the readers' site where ``PUBLIC_SITE`` is off: then "/" leads to the sign-in, robots are sent away, and
nothing else is there.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.shortcuts import redirect

CLOSED = "There is no public site here."
NO_ROBOTS = "User-agent: *\nDisallow: /\n"


class PublicSiteMiddleware:
    """Answers for the pages of the site while it is closed; their addresses stay known, so that links can be made."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on; what is closed is known when its view is."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Return the answer of a closed page, None for every other."""
        match = request.resolver_match
        if settings.PUBLIC_SITE or match is None or match.namespace != "site":
            return None
        if match.view_name == "site:home":
            return redirect("admin:index")
        if match.view_name == "site:robots":
            return HttpResponse(NO_ROBOTS, content_type="text/plain")
        return HttpResponseNotFound(CLOSED, content_type="text/plain")
