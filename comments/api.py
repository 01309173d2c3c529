"""Threads and comments over HTTP, the tasks that collect them, and how to follow a task.

Who may call what is decided where the routers are mounted (waywo_site/api/__init__.py).
"""

import logging
from datetime import datetime
from typing import Annotated, Any, Literal

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from comments.adding import NotAThread, add_post
from comments.item_ids import ITEM_ID, ITEM_PAGE, LARGEST_ITEM_ID, item_id_of
from comments.models import Comment, Post
from comments.source_names import ThreadSourceName
from comments.text import plain_text, safe_html
from comments.trying import MOST_COMMENTS
from core.api.bodies import ALL, NO_TEXT, NOTHING, Limit, OneParameters, StrictBody, given_in
from core.api.listing import LIST, ONE_OBJECT, Id, Order, PageParameters, a_time, limited_query, one, page, values_of
from core.api.problems import Problem, invalid, problem_responses
from core.api.sending import PRIORITY, Sent, sent
from core.http import OutsideError

logger = logging.getLogger(__name__)

reading = Router(tags=["reading"])
acting = Router(tags=["acting"])


# -- Reading -----------------------------------------------------------------------------------------------


class PostOut(Schema):
    """One thread. `text` is plain text, `html` is cleaned and safe to show."""

    id: int | None = None
    source: str | None = None
    source_id: str | None = None
    source_url: str | None = None
    title: str | None = None
    author: str | None = None
    score: int | None = None
    comment_count: int | None = None
    year: int | None = None
    month: int | None = None
    posted_at: datetime | None = None
    collected_at: datetime | None = None


class PostDetail(PostOut):
    """One thread with its text."""

    text: str | None = None
    html: str | None = None


class PostPage(Schema):
    """A page of threads."""

    items: list[PostOut]
    next: str | None


class CommentOut(Schema):
    """One top-level comment. `text` is plain text, `html` is cleaned and safe to show."""

    id: int | None = None
    post_id: int | None = None
    source: str | None = None
    source_url: str | None = None
    author: str | None = None
    posted_at: datetime | None = None
    status: str | None = None
    project_count: int | None = None
    text: str | None = None
    html: str | None = None


class CommentPage(Schema):
    """A page of comments."""

    items: list[CommentOut]
    next: str | None


TEXT_FIELDS = {"text": lambda row: plain_text(row.text), "html": lambda row: str(safe_html(row.text))}
POST_FIELDS = values_of(PostOut.model_fields)
POST_DETAIL_FIELDS = POST_FIELDS | TEXT_FIELDS
COMMENT_FIELDS = values_of(CommentOut.model_fields) | TEXT_FIELDS
POSTED = {"posted_at": Order("posted_at", a_time), "-posted_at": Order("posted_at", a_time, descending=True)}


class ByTime(PageParameters):
    """A list sorted by time."""

    order: Literal["posted_at", "-posted_at"] = Field("-posted_at", description="`-` is newest first.")


class PostFilters(ByTime):
    """Which threads."""

    year: int | None = Field(None, ge=2006, le=2200)
    month: int | None = Field(None, ge=1, le=12)


def _posts() -> QuerySet[Post]:
    """Threads that strangers may see."""
    return Post.objects.visible().with_comment_count().defer("kids")


@reading.get("/posts", response=PostPage, openapi_extra=LIST, summary="Threads")
def list_posts(request: HttpRequest, filters: Query[PostFilters]) -> HttpResponse:
    """The threads that were collected, newest first."""
    conditions = {name: value for name in ("year", "month") if (value := getattr(filters, name)) is not None}
    posts = _posts().filter(**conditions).defer("text", "kids")
    return page(request, posts, POST_FIELDS, POSTED, filters.order, filters)


@reading.get("/posts/{int:post_id}", response=PostDetail, openapi_extra=ONE_OBJECT, summary="One thread")
def get_post(request: HttpRequest, post_id: Id, parameters: Query[OneParameters]) -> HttpResponse:
    """One thread with its text."""
    with limited_query():
        post = _posts().filter(pk=post_id).first()
    if post is None:
        raise Http404(f"There is no thread {post_id}.")
    return one(request, post, POST_DETAIL_FIELDS, parameters.fields)


@reading.get("/posts/{int:post_id}/comments", response=CommentPage, openapi_extra=LIST, summary="Comments of a thread")
def list_comments(request: HttpRequest, post_id: Id, parameters: Query[ByTime]) -> HttpResponse:
    """The top-level comments of one thread, without those that are deleted or flagged."""
    if not Post.objects.visible().filter(pk=post_id).exists():
        raise Http404(f"There is no thread {post_id}.")
    comments = Comment.objects.visible().filter(post=post_id).with_project_count()
    return page(request, comments, COMMENT_FIELDS, POSTED, parameters.order, parameters)


# -- Acting ------------------------------------------------------------------------------------------------


class CollectPosts(StrictBody):
    """Arguments of `process_waywo_posts`."""

    limit_posts: Limit = Field(None, description=ALL)
    limit_comments: Limit = Field(None, description=ALL)
    source: ThreadSourceName | None = Field(None, description="This source alone; empty for the enabled ones.")
    max_age_days: Limit = Field(None, description="Only threads posted in the last so many days.")


class DiscoverPosts(StrictBody):
    """Arguments of `discover_waywo_posts`."""

    since_days: Annotated[int, Field(ge=1, le=10_000), NO_TEXT] | None = Field(None, description="How far back; 45.")
    source: ThreadSourceName | None = Field(None, description="This source alone; empty for the enabled ones.")


class TrySource(StrictBody):
    """Arguments of `try_source`."""

    source: ThreadSourceName = Field(description="Which source; it need not be enabled.")
    limit: Annotated[int, Field(ge=1, le=MOST_COMMENTS), NO_TEXT] | None = Field(
        None, description="Comments to show; 5."
    )


class CollectPost(StrictBody):
    """Arguments of `process_waywo_post`."""

    year: Annotated[int, Field(ge=2006, le=2200), NO_TEXT] | None = None
    month: Annotated[int, Field(ge=1, le=12), NO_TEXT] | None = None
    limit_comments: Limit = Field(None, description=ALL)


ITEM = f"^(?:{ITEM_ID.pattern}|{ITEM_PAGE.pattern})$"


class AddPost(CollectPost):
    """A thread by its id or address, and the arguments of `process_waywo_post`."""

    post: Annotated[int, Field(ge=1, le=LARGEST_ITEM_ID), NO_TEXT] | Annotated[str, Field(pattern=ITEM)] = Field(
        description="The item id on Hacker News, or https://news.ycombinator.com/item?id=…",
        examples=["https://news.ycombinator.com/item?id=41342017"],
    )


@acting.post("/process-waywo-posts", response={202: Sent}, summary="Collect the newest known threads")
def process_waywo_posts(request: HttpRequest, arguments: CollectPosts | None = NOTHING) -> Any:
    """Collect the newest known threads, each in a task of its own."""
    return sent(request, "process_waywo_posts", given_in(arguments), "Collecting the known threads.")


@acting.post("/discover-waywo-posts", response={202: Sent}, summary="Look for new threads")
def discover_waywo_posts(request: HttpRequest, arguments: DiscoverPosts | None = NOTHING) -> Any:
    """Look for new threads; those that are sure are added, the others wait for a decision in the admin."""
    return sent(request, "discover_waywo_posts", given_in(arguments), "Looking for new threads.")


@acting.post("/try-source", response={202: Sent}, summary="Try a source")
def try_source(request: HttpRequest, arguments: TrySource) -> Any:
    """Ask a source for its threads and the first comments of the newest one. The result has them; nothing is saved."""
    return sent(request, "try_source", given_in(arguments), f"Trying {arguments.source}.")


@acting.post("/waywo-posts/{int:post_id}/process", response={202: Sent}, summary="Collect one thread again")
def process_waywo_post(request: HttpRequest, post_id: Id, arguments: CollectPost | None = NOTHING) -> Any:
    """Collect one thread that is in the index already."""
    if not Post.objects.filter(pk=post_id).exists():
        raise Http404(f"There is no thread {post_id} here: add it with /api/waywo-posts/add.")
    task = {"post_id": post_id} | given_in(arguments)
    return sent(request, "process_waywo_post", task, f"Collecting thread {post_id}.", queue=PRIORITY)


NOT_ADDED = {409: "The thread was collected before", 502: "Hacker News gave no answer that can be used"}


@acting.post(
    "/waywo-posts/add",
    response={202: Sent},
    openapi_extra={"responses": problem_responses(NOT_ADDED)},
    summary="Add a thread",
)
def add_waywo_post(request: HttpRequest, arguments: AddPost) -> Any:
    """Look a thread up by its id or address, save it and collect it. One that was collected before is 409."""
    given = given_in(arguments)
    text = str(given.pop("post"))
    try:
        _refuse_collected(item_id_of(text))
        post = add_post(text, year=arguments.year, month=arguments.month)
    except NotAThread as error:
        raise Http404(str(error)) from error
    except ValueError as error:
        raise invalid("body.post", "is not an item of Hacker News", str(error).split("it expects ")[-1]) from error
    except OutsideError as error:
        raise _not_looked_up(error) from error
    task = {"post_id": post.pk} | given
    return sent(request, "process_waywo_post", task, f"Collecting {post.title}.", queue=PRIORITY)


def _refuse_collected(post_id: int) -> None:
    # One that was added and not collected is sent again: the broker may have been away.
    if Post.objects.filter(pk=post_id).exclude(collected_at=None).exists():
        again = f"/api/waywo-posts/{post_id}/process"
        raise Problem(409, f"Thread {post_id} is there already: collect it again with {again}.")


def _not_looked_up(error: OutsideError) -> Problem:
    # The message names an address of ours, so it goes to the log alone.
    logger.warning("A thread could not be looked up: %s", error)
    if error.permanent:
        return Problem(502, "Hacker News gave no answer that can be used; nothing was added.")
    seconds = max(5, round(error.retry_after or 0))
    retry = {"Retry-After": str(seconds)}
    return Problem(503, "Hacker News cannot be reached; nothing was added. Try again soon.", headers=retry)
