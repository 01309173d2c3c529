"""Makes every error under /api/ a problem detail (RFC 9457), wherever it comes from, and refuses large bodies."""

import logging
from collections.abc import Callable
from typing import Any

import kombu.exceptions
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from psycopg.errors import QueryCanceled

from core.api.problems import MEDIA_TYPE, FieldProblem, Problem
from waywo_site.embedded import EmbeddedError

logger = logging.getLogger(__name__)

PREFIX = "/api/"
LARGEST_BODY = 64 * 1024  # bytes
LARGEST_DRAINED = 1024 * 1024
RETRY = {"Retry-After": "5"}
SHOWN_OF_A_VALUE = 60
# What our views call the arguments that hold a whole body or query.
ARGUMENTS = {"arguments", "changes", "conditions", "filters", "parameters"}

DETAILS = {
    400: "The request cannot be understood.",
    404: "There is nothing at this address. /api/docs lists what there is.",
    405: "This address does not support this method; Allow names those that it supports.",
    500: "Something went wrong here. It has been logged.",
}


def respond(problem: Problem) -> HttpResponse:
    return JsonResponse(
        problem.as_dict(),
        status=problem.status,
        content_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store"} | problem.headers,
    )


class ApiErrorsMiddleware:
    """Turns what Django and other middleware answer under /api/ into problem details."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        if refusal := _refused_body(request):
            # Unread, the rest of the body would break the connection before the answer is heard.
            request.META["wsgi.input"].read(LARGEST_DRAINED)
            return respond(refusal)
        response = self.get_response(request)
        if response.status_code < 400 or response.get("Content-Type", "").startswith(MEDIA_TYPE):
            return response
        status = response.status_code
        # Kept: which methods there are. Dropped: everything that a page of Django says about the inside.
        headers = {"Allow": response["Allow"]} if "Allow" in response else {}
        response.close()
        return respond(Problem(status, DETAILS.get(status, DETAILS[400]), headers=headers))


def _refused_body(request: HttpRequest) -> Problem | None:
    if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
        # Django would take such a body for an empty one.
        return Problem(411, "Send the body with its Content-Length.")
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal():
        return Problem(400, "Content-Length is invalid: it expects a whole number.")
    if int(length) > LARGEST_BODY:
        return Problem(413, f"The body has {length} bytes; it may have {LARGEST_BODY}.")
    return None


def install(api: NinjaAPI) -> None:
    handlers: dict[Any, Callable[[HttpRequest, Any], HttpResponse]] = {
        Problem: lambda request, error: respond(error),
        Http404: _not_found,
        ValidationError: _invalid,
        HttpError: lambda request, error: respond(Problem(error.status_code, _unparsed(error))),
        OperationalError: _database,
        kombu.exceptions.OperationalError: _broker,
        EmbeddedError: _database,
        Exception: _bug,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return respond(Problem(404, str(error) or DETAILS[404]))


def _unparsed(error: HttpError) -> str:
    return "The body is not JSON." if error.status_code == 400 else str(error)


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors: dict[tuple[str, str], FieldProblem] = {}
    for fault in error.errors:
        problem = _field_problem(fault)
        # What takes a number or a text has a fault for each: to the caller they are one.
        known = errors.setdefault((problem.field, problem.problem), problem)
        if problem.allowed not in known.allowed:
            known.allowed += f" or {problem.allowed}"
    found = list(errors.values())
    return respond(Problem(422, "; ".join(f"{fault.field} {fault.problem}" for fault in found[:5]) + ".", found))


def _field_problem(fault: dict[str, Any]) -> FieldProblem:
    # ("body", the name of the view's argument, field, …): callers know nothing of the second. Behind the field only
    # places in lists say where; pydantic's names for the types that it tried do not.
    place = list(fault["loc"])
    if len(place) > 1 and place[1] in ARGUMENTS:
        del place[1]
    name = ".".join(str(part) for number, part in enumerate(place) if number < 2 or isinstance(part, int))[:200]
    message = fault["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    if fault["type"] == "missing":
        return FieldProblem(name, "is missing", "a value")
    if fault["type"] == "extra_forbidden":
        return FieldProblem(name, "is not known", "the names in /api/docs")
    shown = repr(fault.get("value"))
    shown = shown[:SHOWN_OF_A_VALUE] + "…" if len(shown) > SHOWN_OF_A_VALUE else shown
    return FieldProblem(name, f"is {shown}, which is invalid", message)


def _database(request: HttpRequest, error: Exception) -> HttpResponse:
    if isinstance(error.__cause__, QueryCanceled):
        return respond(Problem(503, "The query took too long: ask for less at once.", headers=RETRY))
    logger.error("%s %s: %s", request.method, request.path, error)
    return respond(Problem(503, "The database cannot be reached. Try again soon.", headers=RETRY))


def _broker(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.error("%s %s: %s", request.method, request.path, error)
    return respond(Problem(503, "The broker cannot be reached; nothing was sent. Try again soon.", headers=RETRY))


def _bug(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.exception("%s %s failed", request.method, request.path, exc_info=error)
    return respond(Problem(500, DETAILS[500]))
