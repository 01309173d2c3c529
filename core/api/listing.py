"""What every reading endpoint shares: pages by cursor, chosen fields, three formats, ETag, and a limit on queries."""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from operator import gt, lt
from typing import Annotated, Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Field, Schema
from pydantic import BeforeValidator

from core.api.problems import Problem, invalid, problem_responses
from core.caching import is_staff
from core.tables import table_file

LARGEST_PAGE = 200
PAGE = 50
LARGEST_ID = 2**63 - 1
QUERY_SECONDS = 5
# PostgreSQL takes no NUL character in a text.
NO_NUL = r"^[^\x00]*$"

JSON, CSV, LINES = "application/json", "text/csv", "application/x-ndjson"
MEDIA_TYPES = (JSON, CSV, LINES)
# Of core/tables.py.
FORMATS = {CSV: "csv", LINES: "jsonl"}

# What the OpenAPI document says of the endpoints that answer by ``page``, ``one`` or ``answer``.
NOT_MODIFIED = {304: {"description": "What If-None-Match names is still right"}}
IN_ALL_FORMATS = {
    200: {"content": {media_type: {"schema": {"type": "string"}} for media_type in FORMATS}},
    **problem_responses({406: "There is no format that Accept takes"}),
}
ONE_OBJECT = {"responses": NOT_MODIFIED}
STREAMED_LIST = {"responses": IN_ALL_FORMATS}
LIST = {"responses": NOT_MODIFIED | IN_ALL_FORMATS}

Row = dict[str, Any]
Fields = Mapping[str, Callable[[Any], Any]]


def values_of(names: Iterable[str]) -> dict[str, Callable[[Any], Any]]:
    """Return how the fields ``names`` are read, each from the attribute of its name; times in ISO 8601."""
    return {name: partial(_attribute, name) for name in names}


def _attribute(name: str, row: Any) -> Any:
    value = getattr(row, name)
    return value.isoformat() if isinstance(value, datetime) else value


def _none_of_empty(value: Any) -> Any:
    return None if value == "" else value


# "?q=" asks for nothing, as no "q" does.
ShortText = Annotated[str | None, Field(max_length=200, pattern=NO_NUL), BeforeValidator(_none_of_empty)]
Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
ChosenFields = Annotated[
    str | None,
    Field(max_length=500, pattern=NO_NUL, description="The fields to answer with, separated by commas; else all."),
]


def _none_of_null(value: Any) -> Any:
    return None if value in ("", "null", "None") else value


class PageParameters(Schema):
    """What every list takes."""

    limit: int = Field(PAGE, ge=1, le=LARGEST_PAGE, description="Rows a page.")
    # The last page's `next` is null; who hands that on begins anew.
    cursor: Annotated[
        str | None,
        Field(max_length=500, pattern=NO_NUL, description="The `next` of the page before; without it the first page."),
        BeforeValidator(_none_of_null),
    ] = None
    fields: ChosenFields = None


@dataclass(frozen=True)
class Order:
    """A way to sort: a column or annotation, and how its value is read from a cursor."""

    key: str
    parse: Callable[[Any], Any]
    descending: bool = False


def a_time(value: Any) -> datetime:
    """Read a moment of a cursor. Raises ValueError or TypeError."""
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(value)
    return moment


def a_number(value: Any) -> int:
    """Read a whole number of a cursor. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST_ID:
        raise ValueError(value)
    return int(value)


def a_text(value: Any) -> str:
    """Read a text of a cursor. Raises ValueError."""
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(value)
    return value


@contextmanager
def limited_query() -> Iterator[None]:
    """Let no query inside take longer than 5 s; one that does raises OperationalError (the API answers 503)."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{QUERY_SECONDS}s'")
        yield


def refuse_unknown(request: HttpRequest, known: Iterable[str]) -> None:
    """Raise the problem of a misspelt parameter: ignoring it would answer another question."""
    known = list(known)
    for name in request.GET:
        if name not in known:
            raise invalid(f"query.{name[:50]}", "is not known", f"one of {', '.join(known)}")


def chosen(fields: Fields, names: str | None) -> Fields:
    """Return the fields that ``?fields=`` asks for, in the order asked; all for none. Raises Problem."""
    if not names:
        return fields
    wanted = names.split(",")
    for name in wanted:
        if name not in fields:
            raise invalid("query.fields", f"names {name[:50]!r}, which is not a field", f"one of {', '.join(fields)}")
    return {name: fields[name] for name in wanted}


def page(
    request: HttpRequest,
    rows: QuerySet[Any] | Sequence[Any],
    fields: Fields,
    orders: Mapping[str, Order],
    order: str,
    asked: PageParameters,
) -> HttpResponse:
    """Answer with one page of ``rows``, a query or objects with an ``id``, in the caller's format.

    The place in the list is kept as (key, id) of the last row, so that pages stay right while rows are added.
    """
    refuse_unknown(request, type(asked).model_fields)
    media_type = asked_format(request)
    fields = chosen(fields, asked.fields)
    by = orders[order]
    place = _read_cursor(asked.cursor, order, by) if asked.cursor else None
    if isinstance(rows, QuerySet):
        found = _queried(rows, by, place, asked.limit + 1)
    else:
        found = _sorted(rows, by, place, asked.limit + 1)
    shown = found[: asked.limit]
    following = _cursor(order, by, shown[-1]) if len(found) > asked.limit else None
    content = [{name: get(row) for name, get in fields.items()} for row in shown]
    response = answer(request, content, list(fields), media_type, following)
    if following:
        query = request.GET.copy()
        query["cursor"] = following
        response["Link"] = f'<{request.path}?{query.urlencode()}>; rel="next"'
    return response


def _queried(rows: QuerySet[Any], by: Order, place: tuple[Any, int] | None, limit: int) -> list[Any]:
    if place:
        rows = rows.filter(_after(by, place))
    sign = "-" if by.descending else ""
    with limited_query():
        return list(rows.order_by(*dict.fromkeys((sign + by.key, f"{sign}id")))[:limit])


def _sorted(rows: Sequence[Any], by: Order, place: tuple[Any, int] | None, limit: int) -> list[Any]:
    keyed = sorted((((getattr(row, by.key), row.id), row) for row in rows), reverse=by.descending)
    after = lt if by.descending else gt
    return [row for key, row in keyed if place is None or after(key, place)][:limit]


def _after(by: Order, place: tuple[Any, int]) -> Q:
    key, pk = place
    compare = "lt" if by.descending else "gt"
    if by.key == "id":
        return Q(**{f"id__{compare}": pk})
    # The first condition says nothing new, but an index can be entered by it.
    return Q(**{f"{by.key}__{compare}e": key}) & (Q(**{f"{by.key}__{compare}": key}) | Q(**{f"id__{compare}": pk}))


def _cursor(order: str, by: Order, row: Any) -> str:
    key = getattr(row, by.key)
    text = json.dumps([order, key.isoformat() if isinstance(key, datetime) else key, row.id])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str, order: str, by: Order) -> tuple[Any, int]:
    try:
        named, key, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        place = by.parse(key), a_number(pk)
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error):
        raise invalid("query.cursor", "is not a place in a list", "the `next` of an earlier answer") from None
    if named != order:
        raise invalid("query.cursor", "belongs to another order", f"one that was given with order={order}")
    return place


def asked_format(request: HttpRequest) -> str:
    """Return the media type to answer with. Raises the problem of an Accept that none of ours fits."""
    media_type = request.get_preferred_type(MEDIA_TYPES)
    if media_type is None:
        raise Problem(406, f"Accept: there are {', '.join(MEDIA_TYPES)}.")
    return media_type


def answer(
    request: HttpRequest, rows: Sequence[Row], names: Sequence[str], media_type: str, following: str | None = None
) -> HttpResponse:
    """Return a list of rows in a format, with its ETag; 304 where the caller has it already."""
    if media_type == JSON:
        body = json.dumps({"items": rows, "next": following}, ensure_ascii=False).encode()
    else:
        body = b"".join(table_file(rows, names, FORMATS[media_type]))
    return tagged(request, body, media_type)


def one(request: HttpRequest, row: Any, fields: Fields, names: str | None) -> HttpResponse:
    """Answer with one object as JSON."""
    refuse_unknown(request, ["fields"])
    content = {name: get(row) for name, get in chosen(fields, names).items()}
    return tagged(request, json.dumps(content, ensure_ascii=False).encode(), JSON)


def tagged(request: HttpRequest, body: bytes, media_type: str) -> HttpResponse:
    """Return ``body`` with its ETag, to be asked for again each time; 304 where the caller has it already."""
    tag = f'W/"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
    known = [part.strip() for part in request.headers.get("If-None-Match", "").split(",")]
    if tag in known or "*" in known:
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(body, content_type=f"{media_type}; charset=utf-8")
    response["ETag"] = tag
    is_ours = "Authorization" in request.headers or is_staff(request)
    response["Cache-Control"] = f"{'private' if is_ours else 'public'}, no-cache"
    response["Vary"] = "Accept, Authorization, Cookie"
    return response
