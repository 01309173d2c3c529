"""Projects over HTTP, their review, and the tasks that read comments.

Who may call what is decided where the routers are mounted (waywo_site/api/__init__.py).
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Field, Query, Router, Schema
from pydantic import create_model

from comments.models import Comment
from comments.source_names import CommentSourceName
from comments.text import plain_text
from core.api.bodies import ALL, NO_TEXT, NOTHING, Limit, OneParameters, StrictBody, given_in
from core.api.listing import (
    FORMATS,
    JSON,
    LARGEST_ID,
    LIST,
    NO_NUL,
    ONE_OBJECT,
    STREAMED_LIST,
    Id,
    Order,
    PageParameters,
    a_number,
    a_text,
    a_time,
    answer,
    asked_format,
    chosen,
    limited_query,
    one,
    page,
    refuse_unknown,
    tagged,
    values_of,
)
from core.api.problems import Problem, invalid
from core.api.sending import PRIORITY, Sent, sent
from core.api.streams import stream
from core.caching import is_staff
from core.http import Refused
from core.tables import table_file
from projects import catalogue
from projects.conditions import Conditions, TagName
from projects.export import FIELDS, VALUES, export_rows
from projects.extraction.reading import CommentNotFound
from projects.extraction.trying import LONGEST_MODEL, LONGEST_TEXT, check_request
from projects.models import Project, ReviewAction
from projects.reviewing import acts
from projects.reviewing.fields import review
from projects.search.meaning import similar

# Review shares its address with reading, and an address belongs to one router: GET is open, PATCH is not.
reading_and_review = Router(tags=["reading"])
acting = Router(tags=["acting"])

# -- Reading -----------------------------------------------------------------------------------------------


# Each field may be left out, by ``?fields=``; a rejected project is not told of.
_DECLARED: dict[str, Any] = {name: (kind | None, None) for name, kind in FIELDS.items()}
_DECLARED["review_status"] = (Literal["pending", "approved"] | None, None)
ProjectOut = create_model(
    "ProjectOut",
    __base__=Schema,
    __doc__="One project, however often it was posted. Scores go from 1 to 10.",
    **_DECLARED,
)


class SubmissionOut(Schema):
    """One appearance of a project."""

    comment_id: int
    post_id: int
    month: str
    author: str
    posted_at: datetime
    source_url: str
    text: str
    similarity: float | None


class ProjectDetail(ProjectOut):
    """One project with its submissions."""

    idea_reason: str | None = None
    complexity_reason: str | None = None
    url_summaries: dict[str, Any] | None = None
    submissions: list[SubmissionOut] | None = None


class ProjectPage(Schema):
    """A page of projects."""

    items: list[ProjectOut]
    next: str | None


class SimilarProject(ProjectOut):
    """A project and how much it is like the one asked for: the cosine of their embeddings, 1 for the same texts."""

    similarity: float | None = None


class SimilarList(Schema):
    """The most alike first; `next` is always null."""

    items: list[SimilarProject]
    next: str | None


class TagOut(Schema):
    """A tag and how many projects have it."""

    name: str | None = None
    project_count: int | None = None


class TagPage(Schema):
    """A page of tags."""

    items: list[TagOut]
    next: str | None


class MonthOut(Schema):
    """A month that has a thread."""

    month: str
    posts: int
    comments: int
    projects: int


class MonthList(Schema):
    """All months, newest first."""

    items: list[MonthOut]


def _submissions(project: Project) -> list[dict[str, Any]]:
    rows = project.submissions.visible().select_related("comment__post")
    return [
        {
            "comment_id": row.comment_id,
            "post_id": row.comment.post_id,
            "month": f"{row.comment.post.year}-{row.comment.post.month:02}",
            "author": row.comment.author,
            "posted_at": row.comment.posted_at.isoformat(),
            "source_url": row.comment.source_url,
            "text": plain_text(row.text) if "<" in row.text else row.text,
            "similarity": row.similarity,
        }
        for row in rows.defer("comment__text", "comment__post__text", "comment__post__kids")
    ]


DETAIL_FIELDS = values_of(ProjectDetail.model_fields) | VALUES | {"submissions": _submissions}
SIMILAR_FIELDS = VALUES | {"similarity": lambda project: round(project.similarity, 4)}
TAG_FIELDS = values_of(TagOut.model_fields)

PROJECT_ORDERS = {
    name: Order(key, parse, descending)
    for plain, key, parse in (
        ("last_seen_at", "last_seen_at", a_time),
        ("first_seen_at", "first_seen_at", a_time),
        ("idea_score", "idea_order", a_number),
        ("complexity_score", "complexity_order", a_number),
        ("id", "id", a_number),
    )
    for name, descending in ((plain, False), (f"-{plain}", True))
}
TAG_ORDERS = {
    "name": Order("name", a_text),
    "project_count": Order("project_count", a_number),
    "-project_count": Order("project_count", a_number, descending=True),
}


class ProjectFilters(PageParameters, Conditions):
    """Which projects, in which order."""

    order: Literal[tuple(PROJECT_ORDERS)] = Field(  # type: ignore[valid-type]  # made from the orders
        "-last_seen_at", description="`-` is falling."
    )


class SimilarParameters(Conditions, OneParameters):
    """Which of the similar projects."""

    limit: int = Field(10, ge=1, le=50, description="Projects.")


class TagParameters(PageParameters):
    """Which tags."""

    order: Literal[tuple(TAG_ORDERS)] = Field(  # type: ignore[valid-type]  # as above
        "-project_count", description="`-` is falling."
    )


def to_staff(request: HttpRequest) -> bool:
    """Return whether the caller sees what waits for a review where strangers see approved projects alone."""
    return bool(request.auth.scopes) or is_staff(request)  # type: ignore[attr-defined]  # set by ninja


@reading_and_review.get("/projects", response=ProjectPage, openapi_extra=LIST, summary="Projects")
def list_projects(request: HttpRequest, filters: Query[ProjectFilters]) -> HttpResponse:
    """Approved and pending projects, ideas where `source` names them. `Accept` chooses JSON, CSV or JSON Lines."""
    projects = catalogue.with_names(catalogue.published(filters, to_staff=to_staff(request), page=True))
    return page(request, projects, VALUES, PROJECT_ORDERS, filters.order, filters)


@reading_and_review.get(
    "/projects/export", response=ProjectPage, openapi_extra=STREAMED_LIST, summary="All projects as a stream"
)
def export(request: HttpRequest, conditions: Query[Conditions]) -> StreamingHttpResponse:
    """Every project that fits, by id: JSON Lines, CSV or JSON, as `Accept` says."""
    refuse_unknown(request, Conditions.model_fields)
    media_type = asked_format(request)
    name = FORMATS.get(media_type, "json")
    headers = {"Content-Disposition": f'attachment; filename="projects.{name}"'}
    rows = export_rows(catalogue.published(conditions, to_staff=to_staff(request)))
    return stream(_chunks(rows, media_type), media_type, **headers)


def _chunks(rows: Iterator[dict[str, Any]], media_type: str) -> Iterator[bytes]:
    """Yield the export piece by piece; each fetch of rows has the time of one query."""
    with limited_query():
        if media_type == JSON:
            yield b'{"items": '
            yield from table_file(rows, list(FIELDS), "json")
            yield b', "next": null}'
        else:
            yield from table_file(rows, list(FIELDS), FORMATS[media_type])


@reading_and_review.get(
    "/projects/{int:project_id}", response=ProjectDetail, openapi_extra=ONE_OBJECT, summary="One project"
)
def get_project(request: HttpRequest, project_id: Id, parameters: Query[OneParameters]) -> HttpResponse:
    """One project with its submissions."""
    with limited_query():
        published = Project.objects.published(to_staff=to_staff(request))
        project = catalogue.with_names(published).filter(pk=project_id).first()
        if project is None:
            raise Http404(f"There is no project {project_id}.")
        return one(request, project, DETAIL_FIELDS, parameters.fields)


@reading_and_review.get(
    "/projects/{int:project_id}/similar", response=SimilarList, openapi_extra=LIST, summary="Similar projects"
)
def list_similar(request: HttpRequest, project_id: Id, parameters: Query[SimilarParameters]) -> HttpResponse:
    """The approved and pending projects most like one, by what their texts mean; the conditions of the list apply."""
    refuse_unknown(request, SimilarParameters.model_fields)
    media_type = asked_format(request)
    fields = chosen(SIMILAR_FIELDS, parameters.fields)
    with limited_query():
        published = Project.objects.published(to_staff=to_staff(request))
        project = published.only("embedding_model").filter(pk=project_id).first()
        if project is None:
            raise Http404(f"There is no project {project_id}.")
        wanted = catalogue.with_names(catalogue.published(parameters, to_staff=to_staff(request)))
        found = similar(project, wanted, parameters.limit)
    rows = [{name: get(row) for name, get in fields.items()} for row in found]
    return answer(request, rows, list(fields), media_type)


@reading_and_review.get("/tags", response=TagPage, openapi_extra=LIST, summary="Tags")
def list_tags(request: HttpRequest, parameters: Query[TagParameters]) -> HttpResponse:
    """The tags that projects have, with counts."""
    return page(request, catalogue.counted_tags(), TAG_FIELDS, TAG_ORDERS, parameters.order, parameters)


@reading_and_review.get("/months", response=MonthList, openapi_extra=ONE_OBJECT, summary="Months")
def list_months(request: HttpRequest) -> HttpResponse:
    """The months that have a thread, newest first, with counts."""
    refuse_unknown(request, [])
    with limited_query():
        months = catalogue.months_with_counts()
    return tagged(request, json.dumps({"items": months}).encode(), JSON)


# -- Acting ------------------------------------------------------------------------------------------------


class ReadComments(StrictBody):
    """Arguments of `process_waywo_comments`."""

    limit: Limit = Field(None, description=ALL)
    comment_ids: list[Annotated[int, Field(ge=1, le=LARGEST_ID), NO_TEXT]] | None = Field(
        None, min_length=1, max_length=5000, description="These, whatever their status; empty for the pending ones."
    )
    hours: Limit = Field(None, description="Those posted in the last so many hours, read or not.")
    post_id: Annotated[int, Field(ge=1, le=LARGEST_ID), NO_TEXT] | None = Field(
        None, description="Those of one thread, read or not."
    )
    failed: Annotated[bool, Field(strict=True)] | None = Field(
        None, description="Those whose reading failed or lost a project."
    )
    prompt_version_below: Limit = Field(
        None, description="Those read, but never with success at this version of the prompts or above."
    )
    source: CommentSourceName | None = Field(
        None, description="Those of this source; with no other condition its pending ones."
    )


@acting.post("/process-waywo-comments", response={202: Sent}, summary="Read comments")
def process_waywo_comments(request: HttpRequest, arguments: ReadComments | None = NOTHING) -> Any:
    """Read the pending comments, the given ones again, or those that all conditions choose, each in its own task."""
    given = given_in(arguments)
    wanted = set(given.get("comment_ids", ()))
    if wanted and given.keys() - {"comment_ids", "limit"}:
        raise invalid("body.comment_ids", "goes with no condition", "the ids, or the conditions")
    missing = wanted - set(Comment.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    if missing:
        named = ", ".join(map(str, sorted(missing)[:10]))
        raise Http404(f"There is no comment {named}: collect its thread first.")
    if "post_id" in given and not Comment.objects.filter(post_id=given["post_id"]).exists():
        raise Http404(f"There is no comment of thread {given['post_id']}: collect it first.")
    return sent(request, "process_waywo_comments", given, "Reading comments.")


class GenerateEmbeddings(StrictBody):
    """Arguments of `generate_embeddings`."""

    project_ids: list[Annotated[int, Field(ge=1, le=LARGEST_ID), NO_TEXT]] | None = Field(
        None, min_length=1, max_length=5000, description="These, embedded or not; empty for those without an embedding."
    )
    limit: Limit = Field(None, description=ALL)


@acting.post("/generate-embeddings", response={202: Sent}, summary="Embed projects")
def generate_embeddings(request: HttpRequest, arguments: GenerateEmbeddings | None = NOTHING) -> Any:
    """Embed the projects that have no embedding by the configured model yet, or the given ones anew."""
    given = given_in(arguments)
    wanted = set(given.get("project_ids", ()))
    if missing := wanted - set(Project.objects.filter(pk__in=wanted).values_list("pk", flat=True)):
        raise Http404(f"There is no project {', '.join(map(str, sorted(missing)[:10]))}.")
    return sent(request, "generate_embeddings", given, "Embedding projects.")


@acting.post("/waywo-comments/{int:comment_id}/process", response={202: Sent}, summary="Read one comment")
def process_waywo_comment(request: HttpRequest, comment_id: Id) -> Any:
    """Read one comment, whatever its status."""
    if not Comment.objects.filter(pk=comment_id).exists():
        raise Http404(f"There is no comment {comment_id}: collect its thread first.")
    return sent(
        request, "process_waywo_comment", {"comment_id": comment_id}, f"Reading comment {comment_id}.", queue=PRIORITY
    )


class TryReading(StrictBody):
    """Arguments of `try_reading`: a comment's id or a text."""

    comment_id: Annotated[int, Field(ge=1, le=LARGEST_ID), NO_TEXT] | None = None
    text: Annotated[str, Field(max_length=LONGEST_TEXT, pattern=NO_NUL)] | None = Field(
        None, description="Plain, or HTML as Hacker News serves it."
    )
    analyst: Literal["rules", "llm"] | None = Field(None, description="Else the model, where one is configured.")
    model: Annotated[str, Field(max_length=LONGEST_MODEL, pattern=NO_NUL)] | None = Field(
        None, description="Another model of the same server than LLM_MODEL."
    )
    fresh: bool = Field(False, description="Whether the model is asked anew, whatever answers were kept.")


@acting.post("/try-reading", response={202: Sent}, summary="Try a reading")
def try_reading(request: HttpRequest, arguments: TryReading) -> Any:
    """Read a comment or a text without saving anything. The result has steps, texts, what the model said, and costs."""
    given = arguments.dict(exclude_none=True)
    try:
        check_request(**{name: value for name, value in given.items() if name != "fresh"})
    except CommentNotFound as error:
        raise Http404(str(error)) from error
    except (ValueError, Refused) as error:
        raise Problem(422, str(error)) from error
    return sent(request, "try_reading", given, "Trying a reading.", queue=PRIORITY)


class Review(StrictBody):
    """What to change; what is left out stays."""

    review_status: Literal["pending", "approved", "rejected"] | None = None
    review_note: Annotated[str, Field(max_length=5000, pattern=NO_NUL)] | None = None
    is_bookmarked: Annotated[bool, Field(strict=True)] | None = None
    tags: list[TagName] | None = Field(None, max_length=20, description="All its tags, replacing those it has.")


class ReviewOut(Schema):
    """The project as its reviewer sees it."""

    id: int
    title: str
    review_status: str
    review_note: str
    is_bookmarked: bool
    tags: list[str]
    reviewed_at: datetime | None


def _reviewed(project_id: int, given: dict[str, Any], user: Any) -> Project:
    """Apply the changes and keep them in the history; where they are a person's, in the admin's log too."""
    if not given:
        return review(project_id, given, user)
    with transaction.atomic():
        acts.change(project_id, given, user, ReviewAction.Place.API)
        project = Project.objects.without_heavy_fields().get(pk=project_id)
        if user is not None:
            message = f"Changed through the API: {', '.join(sorted(given))}."
            LogEntry.objects.log_actions(user.pk, [project], CHANGE, change_message=message)
    return project


@reading_and_review.patch("/projects/{int:project_id}", tags=["acting"], response=ReviewOut, summary="Review a project")
def review_project(request: HttpRequest, project_id: Id, changes: Review) -> Any:
    """Set review, note, bookmark or tags; a later reading leaves them alone."""
    given = {name: value for name, value in changes.dict(exclude_unset=True).items() if value is not None}
    try:
        project = _reviewed(project_id, given, request.auth.user)  # type: ignore[attr-defined]  # set by ninja
    except Project.DoesNotExist:
        raise Http404(f"There is no project {project_id}.") from None
    return ReviewOut(
        id=project.pk,
        title=project.title,
        review_status=project.review_status,
        review_note=project.review_note,
        is_bookmarked=project.is_bookmarked,
        tags=sorted(project.tags.values_list("name", flat=True)),
        reviewed_at=project.reviewed_at,
    )
