"""What a reader is told where there is no page to show."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

View = Callable[..., HttpResponse]


class NoPage(Exception):
    """There is no such page; the message says why, and what there is instead."""

    status = 404
    heading = "There is no such page"


class BadRequest(NoPage):
    """The address asks for something that cannot be: a value of its query is wrong."""

    status = 400
    heading = "This address makes no sense"


class Gone(NoPage):
    """There was something here, and it will not come back."""

    status = 410
    heading = "This page is gone"


class TooSlow(NoPage):
    """The answer would have taken longer than it may."""

    status = 503
    heading = "This took too long"


def reader_page(view: View) -> View:
    """Answer NoPage and its kin, and Http404, with a page that says so; with DEBUG on, too."""

    @wraps(view)
    def answering(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except NoPage as problem:
            return error_page(request, problem)
        except Http404 as error:
            return error_page(request, NoPage(str(error)))

    return answering


def error_page(request: HttpRequest, problem: NoPage) -> HttpResponse:
    """Return the page for ``problem``, with its status; a plain line where the site is closed, which it would show."""
    if not settings.PUBLIC_SITE:
        return HttpResponse(problem.heading, status=problem.status, content_type="text/plain")
    context = {"title": problem.heading, "heading": problem.heading, "message": str(problem), "status": problem.status}
    return render(request, "projects/site/error.html", context, status=problem.status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler400."""
    message = "" if isinstance(exception, SuspiciousOperation) else str(exception or "")
    return error_page(request, BadRequest(message))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler404."""
    return error_page(request, NoPage())
