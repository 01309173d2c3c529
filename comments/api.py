"""Threads and comments over HTTP, the tasks that collect them, and how to follow a task.

Who may call what is decided where the routers are mounted (waywo_site/api.py).
"""

import json
import logging
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Body, Field, Query, Router, Schema
from pydantic import BeforeValidator

from comments import batches, collection
from comments.api_listing import Id, Order, PageParameters, a_time, limited_query, one, page
from comments.api_sending import PRIORITY, Sent, sent
from comments.api_streams import stream
from comments.item_ids import ITEM_ID, ITEM_PAGE, LARGEST_ITEM_ID, item_id_of
from comments.json_client import SourceError
from comments.models import Comment, Post
from comments.problems import Problem, invalid
from comments.text import plain_text, safe_html

logger = logging.getLogger(__name__)

reading = Router(tags=["reading"])
acting = Router(tags=["acting"])
following = Router(tags=["following"])

POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 10
STREAM_SECONDS = 300

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


def moment(value: datetime | None) -> str | None:
    """Return a time in ISO 8601."""
    return value.isoformat() if value else None


POST_FIELDS = {
    "id": lambda post: post.pk,
    "source": lambda post: post.source,
    "source_id": lambda post: post.source_id,
    "source_url": lambda post: post.source_url,
    "title": lambda post: post.title,
    "author": lambda post: post.author,
    "score": lambda post: post.score,
    "comment_count": lambda post: post.comment_count,
    "year": lambda post: post.year,
    "month": lambda post: post.month,
    "posted_at": lambda post: moment(post.posted_at),
    "collected_at": lambda post: moment(post.collected_at),
}
POST_DETAIL_FIELDS = POST_FIELDS | {
    "text": lambda post: plain_text(post.text),
    "html": lambda post: str(safe_html(post.text)),
}
COMMENT_FIELDS = {
    "id": lambda comment: comment.pk,
    "post_id": lambda comment: comment.post_id,
    "source": lambda comment: comment.source,
    "source_url": lambda comment: comment.source_url,
    "author": lambda comment: comment.author,
    "posted_at": lambda comment: moment(comment.posted_at),
    "status": lambda comment: comment.status,
    "project_count": lambda comment: comment.project_count,
    "text": lambda comment: plain_text(comment.text),
    "html": lambda comment: str(safe_html(comment.text)),
}
POSTED = {"posted_at": Order("posted_at", a_time), "-posted_at": Order("posted_at", a_time, descending=True)}


class ByTime(PageParameters):
    """A list sorted by time."""

    order: Literal["posted_at", "-posted_at"] = Field("-posted_at", description="`-` is newest first.")


class PostFilters(ByTime):
    """Which threads."""

    year: int | None = Field(None, ge=2006, le=2200)
    month: int | None = Field(None, ge=1, le=12)


class OneParameters(Schema):
    """What a single object takes."""

    fields: str | None = PageParameters.model_fields["fields"]


def _posts() -> QuerySet[Post]:
    """Threads that strangers may see."""
    return Post.objects.visible().with_comment_count().defer("kids")


@reading.get("/posts", response=PostPage, summary="Threads")
def list_posts(request: HttpRequest, filters: Query[PostFilters]) -> HttpResponse:
    """The threads that were collected, newest first."""
    conditions = {name: value for name in ("year", "month") if (value := getattr(filters, name)) is not None}
    posts = _posts().filter(**conditions).defer("text", "kids")
    return page(request, posts, POST_FIELDS, POSTED, filters.order, filters)


@reading.get("/posts/{int:post_id}", response=PostDetail, summary="One thread")
def get_post(request: HttpRequest, post_id: Id, parameters: Query[OneParameters]) -> HttpResponse:
    """One thread with its text."""
    with limited_query():
        post = _posts().filter(pk=post_id).first()
    if post is None:
        raise Http404(f"There is no post {post_id}.")
    return one(request, post, POST_DETAIL_FIELDS, parameters.fields)


@reading.get("/posts/{int:post_id}/comments", response=CommentPage, summary="Comments of a thread")
def list_comments(request: HttpRequest, post_id: Id, parameters: Query[ByTime]) -> HttpResponse:
    """The top-level comments of one thread, without those that are deleted or flagged."""
    if not Post.objects.visible().filter(pk=post_id).exists():
        raise Http404(f"There is no post {post_id}.")
    comments = Comment.objects.visible().filter(post=post_id).with_project_count()
    return page(request, comments, COMMENT_FIELDS, POSTED, parameters.order, parameters)


# -- Acting ------------------------------------------------------------------------------------------------


def _no_text(value: Any) -> Any:
    """Refuse what Python would take for a number: true is not 1, and "5" is a text."""
    if isinstance(value, (bool, str)):
        raise ValueError("a whole number")
    return value


def whole(least: int, most: int) -> Any:
    """Return the type of a whole number in a body."""
    return Annotated[int, Field(ge=least, le=most), BeforeValidator(_no_text)]


Limit = whole(1, 1_000_000) | None
ALL = "Empty for all."


class StrictBody(Schema):
    """A body in which a misspelt name is an error."""

    model_config = {"extra": "forbid"}


class CollectPosts(StrictBody):
    """Arguments of `process_waywo_posts`."""

    limit_posts: Limit = Field(None, description=ALL)
    limit_comments: Limit = Field(None, description=ALL)


class CollectPost(StrictBody):
    """Arguments of `process_waywo_post`."""

    year: whole(2006, 2200) | None = None
    month: whole(1, 12) | None = None
    limit_comments: Limit = Field(None, description=ALL)


ITEM = f"^(?:{ITEM_ID.pattern}|{ITEM_PAGE.pattern})$"


class AddPost(CollectPost):
    """A thread by its id or address, and the arguments of `process_waywo_post`."""

    post: whole(1, LARGEST_ITEM_ID) | Annotated[str, Field(pattern=ITEM)] = Field(
        description="The item id on Hacker News, or https://news.ycombinator.com/item?id=…",
        examples=["https://news.ycombinator.com/item?id=41342017"],
    )


NOTHING = Body(default=None)


@acting.post("/process-waywo-posts", response={202: Sent}, summary="Collect the newest known threads")
def process_waywo_posts(request: HttpRequest, arguments: CollectPosts | None = NOTHING) -> Any:
    """Collect the newest known threads, each in a task of its own."""
    return sent(request, "process_waywo_posts", _given(arguments), "Collecting the known threads.")


@acting.post("/waywo-posts/{int:post_id}/process", response={202: Sent}, summary="Collect one thread again")
def process_waywo_post(request: HttpRequest, post_id: Id, arguments: CollectPost | None = NOTHING) -> Any:
    """Collect one thread that is in the index already."""
    if not Post.objects.filter(pk=post_id, source="hn").exists():
        raise Http404(f"There is no post {post_id} of Hacker News: add it with /api/waywo-posts/add.")
    task = {"post_id": post_id} | _given(arguments)
    return sent(request, "process_waywo_post", task, f"Collecting post {post_id}.", queue=PRIORITY)


@acting.post("/waywo-posts/add", response={202: Sent}, summary="Add a thread")
def add_waywo_post(request: HttpRequest, arguments: AddPost) -> Any:
    """Look a thread up by its id or address, save it and collect it. One that was collected before is 409."""
    given = _given(arguments)
    text = str(given.pop("post"))
    try:
        _refuse_collected(item_id_of(text))
        post = collection.add_post(text, year=arguments.year, month=arguments.month)
    except collection.NotAThread as error:
        raise Http404(str(error)) from error
    except ValueError as error:
        raise invalid("body.post", "is no item of Hacker News", str(error).split("it takes ")[-1]) from error
    except SourceError as error:
        raise _not_looked_up(error) from error
    task = {"post_id": post.pk} | given
    return sent(request, "process_waywo_post", task, f"Collecting {post.title}.", queue=PRIORITY)


def _refuse_collected(post_id: int) -> None:
    # One that was added and not collected is sent again: the broker may have been away.
    if Post.objects.filter(pk=post_id).exclude(collected_at=None).exists():
        again = f"/api/waywo-posts/{post_id}/process"
        raise Problem(409, f"Post {post_id} is there already: collect it again with {again}.")


def _not_looked_up(error: SourceError) -> Problem:
    # The message names an address of ours, so it goes to the log alone.
    logger.warning("A thread could not be looked up: %s", error)
    if error.permanent:
        return Problem(502, "Hacker News gave no answer that can be used; nothing was added.")
    seconds = max(5, round(error.retry_after or 0))
    retry = {"Retry-After": str(seconds)}
    return Problem(503, "Hacker News cannot be reached; nothing was added. Try again soon.", headers=retry)


def _given(arguments: Schema | None) -> dict[str, Any]:
    return arguments.dict(exclude_none=True) if arguments else {}


# -- Following ---------------------------------------------------------------------------------------------

TaskId = Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9-]+$")]


class Progress(Schema):
    """How far a task has come."""

    step: str | None
    done: int | None
    total: int | None


class TaskOut(Schema):
    """One task. `result` is there once it succeeded, `error` when it failed."""

    task_id: str
    name: str | None
    status: Literal["PENDING", "RECEIVED", "STARTED", "PROGRESS", "RETRY", "SUCCESS", "FAILURE", "REVOKED"]
    progress: Progress | None
    result: Any
    error: str | None
    started_at: datetime | None
    finished_at: datetime | None


class BatchOut(Schema):
    """A group of tasks that were sent together; `done` counts what ended, well or not."""

    batch_id: str
    total: int
    done: int
    failed: int
    finished: bool
    label: str
    retried: int
    per_minute: float
    seconds_left: float | None
    cancelled: bool
    task_ids: list[str]


def _state(task_id: str) -> batches.TaskState:
    try:
        return batches.task_state(task_id)
    except batches.TaskNotFound as error:
        raise Http404(str(error)) from error


@following.get("/tasks/{task_id}", response=TaskOut, url_name="get_task", summary="One task")
def get_task(request: HttpRequest, task_id: TaskId) -> Any:
    """How far a task has come. An id that was never sent is 404."""
    return _state(task_id).as_dict()


@following.get("/tasks/{task_id}/events", summary="Follow a task (server-sent events)")
def task_events(request: HttpRequest, task_id: TaskId) -> StreamingHttpResponse:
    """Each change of a task as an event `task`, until it ends or 5 minutes have passed; then ask again."""
    return stream(_events(_state(task_id)), "text/event-stream")


def _events(state: batches.TaskState) -> Iterator[str]:
    ends = time.monotonic() + STREAM_SECONDS
    yield "retry: 2000\n\n"
    yield _event(state)
    last_sent = time.monotonic()
    while not state.is_finished and time.monotonic() < ends:
        time.sleep(POLL_SECONDS)
        seen, state = state, batches.task_state(state.task_id)
        if state != seen:
            yield _event(state)
            last_sent = time.monotonic()
        elif time.monotonic() - last_sent > HEARTBEAT_SECONDS:
            # A peer that has gone is found out only by writing to it.
            yield ": still here\n\n"
            last_sent = time.monotonic()


def _event(state: batches.TaskState) -> str:
    return f"event: task\ndata: {json.dumps(state.as_dict())}\n\n"


@following.get("/batches/{batch_id}", response=BatchOut, summary="A group of tasks")
def get_batch(request: HttpRequest, batch_id: TaskId) -> Any:
    """How far a group of tasks has come; its id is the `group_id` of a result."""
    try:
        task_ids = batches.tasks_of_batch(batch_id)
        progress = batches.progress_of(batch_id)
    except batches.TaskNotFound as error:
        raise Http404(str(error)) from error
    return BatchOut(
        batch_id=batch_id,
        label=progress.label,
        retried=progress.retried,
        per_minute=progress.per_minute,
        seconds_left=progress.seconds_left,
        cancelled=progress.is_cancelled,
        total=progress.total,
        done=progress.done,
        failed=progress.failed,
        finished=progress.is_finished,
        task_ids=task_ids,
    )


@acting.post("/tasks/{task_id}/cancel", response=TaskOut, summary="Cancel a task that waits")
def cancel_task(request: HttpRequest, task_id: TaskId) -> Any:
    """Keep a task that waits from being run. One that is under way or has ended is 409."""
    try:
        return batches.cancel(task_id).as_dict()
    except batches.TaskNotFound as error:
        raise Http404(str(error)) from error
    except batches.NotCancellable as error:
        raise Problem(409, str(error)) from error
