"""How to follow a task or a batch over HTTP."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest, StreamingHttpResponse
from ninja import Field, Router, Schema

from core.api.streams import stopping, stream
from core.jobs import following
from core.jobs.batch_progress import BatchState

router = Router(tags=["following"])

POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 10
STREAM_SECONDS = 300
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


class RunningTaskOut(Schema):
    """A task of a group that a worker is at; `progress` is its step, where that lasts."""

    task_id: str
    arguments: dict[str, Any]
    progress: Progress | None
    started_at: datetime | None


class BatchOut(Schema):
    """A group of tasks that were sent together; `done` counts what ended, `failed` and `cancelled_tasks` among it.

    `running_tasks` are those that workers are at, 50 at the most.
    """

    batch_id: str
    state: BatchState
    total: int
    done: int
    failed: int
    cancelled_tasks: int
    running: int
    finished: bool
    label: str
    retried: int
    per_minute: float
    seconds_left: float | None
    cancelled: bool
    running_tasks: list[RunningTaskOut]
    task_ids: list[str]


def state_of(task_id: str) -> following.TaskState:
    """Return how far a task has come. Raises Http404."""
    try:
        return following.task_state(task_id)
    except following.TaskNotFound as error:
        raise Http404(str(error)) from error


def batch_out(batch_id: str, *, with_ids: bool = True) -> BatchOut:
    """Return how far a batch has come, without the ids of its tasks where nobody wants them. Raises Http404."""
    try:
        batch = following.batch_of(batch_id)
    except following.TaskNotFound as error:
        raise Http404(str(error)) from error
    [progress] = following.progress_of_each([batch])
    return BatchOut(
        **vars(progress),
        batch_id=batch_id,
        state=progress.state,
        finished=progress.is_finished,
        cancelled=progress.is_cancelled,
        running_tasks=[RunningTaskOut(**vars(task)) for task in following.running_tasks(batch_id)],
        task_ids=batch.task_ids if with_ids else [],
    )


def _streamed(event: str) -> dict[str, Any]:
    about = {"description": f"Events named `{event}`, each with the {event} as JSON"}
    return {"responses": {200: about | {"content": {"text/event-stream": {}}}}}


@router.get("/tasks/{task_id}", response=TaskOut, url_name="get_task", summary="One task")
def get_task(request: HttpRequest, task_id: TaskId) -> Any:
    """How far a task has come, and what it is at. An id that was never sent is 404."""
    return state_of(task_id).as_dict()


@router.get("/tasks/{task_id}/events", openapi_extra=_streamed("task"), summary="Follow a task (server-sent events)")
def task_events(request: HttpRequest, task_id: TaskId) -> StreamingHttpResponse:
    """Each change of a task as an event `task`, until it ends or 5 minutes have passed; then ask again."""

    def look() -> tuple[dict[str, Any], bool]:
        state = state_of(task_id)
        return state.as_dict(), state.is_finished

    return stream(_events("task", look, look()), "text/event-stream")


@router.get("/batches/{batch_id}", response=BatchOut, summary="A group of tasks")
def get_batch(request: HttpRequest, batch_id: TaskId) -> Any:
    """How far a group of tasks has come, and what those under way are at; its id is the `group_id` of a result."""
    return batch_out(batch_id)


@router.get(
    "/batches/{batch_id}/events", openapi_extra=_streamed("batch"), summary="Follow a group (server-sent events)"
)
def batch_events(request: HttpRequest, batch_id: TaskId) -> StreamingHttpResponse:
    """Each change of a group as an event `batch`, without `task_ids`, until it ends or 5 minutes have passed."""

    def look() -> tuple[dict[str, Any], bool]:
        batch = batch_out(batch_id, with_ids=False)
        return batch.model_dump(mode="json", exclude={"task_ids"}), batch.finished

    return stream(_events("batch", look, look()), "text/event-stream")


Look = tuple[dict[str, Any], bool]


def _events(name: str, look: Callable[[], Look], first: Look) -> Iterator[str]:
    """Yield what ``look`` returns, and whether that is the last of it, at each change; beside it signs of life.

    It ends with the web server, which would else wait for it: whoever follows asks the next one.
    """
    ends = time.monotonic() + STREAM_SECONDS
    yield "retry: 2000\n\n"
    told, is_finished = first
    yield _event(name, told)
    last_sent = time.monotonic()
    while not is_finished and time.monotonic() < ends and not stopping.wait(POLL_SECONDS):
        seen = told
        told, is_finished = look()
        if told != seen:
            yield _event(name, told)
            last_sent = time.monotonic()
        elif time.monotonic() - last_sent > HEARTBEAT_SECONDS:
            # A peer that has gone is found out only by writing to it.
            yield ": still here\n\n"
            last_sent = time.monotonic()


def _event(name: str, told: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(told)}\n\n"
