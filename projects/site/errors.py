"""What a reader is told where there is no page to show."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import resolve
from psycopg.errors import QueryCanceled

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
    """Answer NoPage and its kin, Http404, and a query that took longer than it may, with a page that says so."""

    @wraps(view)
    def answering(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except NoPage as problem:
            return error_page(request, problem)
        except Http404 as error:
            return error_page(request, NoPage(str(error)))
        except OperationalError as error:
            if not isinstance(error.__cause__, QueryCanceled):
                raise
            return error_page(request, TooSlow("The projects that fit could not be found in time. Try fewer filters."))

    return answering


def error_page(request: HttpRequest, problem: NoPage) -> HttpResponse:
    """Return the page for ``problem``, with its status; a plain line where the site is closed, which it would show."""
    if not settings.PUBLIC_SITE:
        return HttpResponse(problem.heading, status=problem.status, content_type="text/plain")
    context = {"title": problem.heading, "heading": problem.heading, "message": str(problem), "status": problem.status}
    return render(request, "projects/site/error.html", context, status=problem.status)


def no_such_page(request: HttpRequest) -> HttpResponse:
    """Answer for every address that nothing else stands under; where only its last slash is missing, lead there.

    It stands for Django's own page, which with DEBUG on would show a reader all addresses of the code.
    """
    with_slash = f"{request.path_info}/"
    if not request.path_info.endswith("/") and "\0" not in with_slash and resolve(with_slash).func is not no_such_page:
        return redirect(request.get_full_path(force_append_slash=True), permanent=True)
    return error_page(request, NoPage())


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler400. For a request that cannot be trusted, as one for another host, no page can be made."""
    if isinstance(exception, SuspiciousOperation):
        return HttpResponse("Bad request.", status=400, content_type="text/plain")
    return error_page(request, BadRequest(str(exception or "")))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler404."""
    return error_page(request, NoPage())
