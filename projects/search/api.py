"""The search over HTTP."""

import json
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from core.api.listing import JSON, NO_NUL, ONE_OBJECT, ChosenFields, chosen, refuse_unknown, tagged
from core.api.problems import Problem, problem_responses
from projects import catalogue
from projects.api import ProjectOut, to_staff
from projects.conditions import Conditions
from projects.export import VALUES
from projects.search.marking import Segment
from projects.search.query import MOST_CHARACTERS, SYNTAX
from projects.search.searching import Mode, SearchTooSlow, search

MOST_OFFSET = 10_000
RESPONSES = ONE_OBJECT["responses"] | problem_responses({503: "The search took too long"})
TYPED = "; ".join(f"`{typed}`: {meaning}" for typed, meaning in SYNTAX)

router = Router(tags=["reading"])


class SearchParameters(Conditions):
    """What to look for, among which projects."""

    q: Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS, pattern=NO_NUL, description=TYPED)]  # type: ignore[assignment]  # there it may be left out
    mode: Mode = Field("hybrid", description="By words and meaning, or by one of them.")
    limit: int = Field(20, ge=1, le=50, description="Hits.")
    offset: int = Field(0, ge=0, le=MOST_OFFSET, description="How many of the best to leave out.")
    fields: ChosenFields = None


class SegmentOut(Schema):
    """A stretch of text, marked where it is what was looked for."""

    text: str
    marked: bool


class HitOut(ProjectOut):
    """A project, and why it is there."""

    why: list[str] | None = None
    marked_title: list[SegmentOut] | None = None
    marked_summary: list[SegmentOut] | None = None


class SearchOut(Schema):
    """The best first. `mode` is how it was looked for; `notice` says where that is not as asked."""

    items: list[HitOut]
    mode: Mode
    notice: str
    messages: list[str]
    has_more: bool


def _segments(segments: tuple[Segment, ...]) -> list[dict[str, Any]]:
    return [vars(segment) for segment in segments]


FIELDS = {name: (lambda hit, get=get: get(hit.project)) for name, get in VALUES.items()} | {
    "why": lambda hit: list(hit.reasons),
    "marked_title": lambda hit: _segments(hit.title),
    "marked_summary": lambda hit: _segments(hit.summary),
}


@router.get("/search", response=SearchOut, openapi_extra={"responses": RESPONSES}, summary="Search")
def find(request: HttpRequest, parameters: Query[SearchParameters]) -> HttpResponse:
    """Projects by name, words and meaning; the conditions of the list apply. `messages` say what was not understood."""
    refuse_unknown(request, SearchParameters.model_fields)
    fields = chosen(FIELDS, parameters.fields)
    conditions = Conditions.model_construct(**parameters.model_dump(exclude={"q"}))
    projects = catalogue.with_names(catalogue.published(conditions, to_staff=to_staff(request)))
    try:
        found = search(parameters.q, projects, mode=parameters.mode, limit=parameters.limit, offset=parameters.offset)
    except SearchTooSlow as error:
        raise Problem(503, str(error), headers={"Retry-After": "5"}) from error
    answer = {
        "items": [{name: get(hit) for name, get in fields.items()} for hit in found.hits],
        "mode": found.mode,
        "notice": found.notice,
        "messages": list(found.query.messages),
        "has_more": found.has_more,
    }
    return tagged(request, json.dumps(answer, ensure_ascii=False).encode(), JSON)
