"""How to follow a task or a batch over HTTP, and to cancel what waits."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest, StreamingHttpResponse
from ninja import Field, Router, Schema

from core.api.problems import Problem, problem_responses
from core.api.streams import stream
from core.jobs import cancelling, following

router = Router(tags=["following"])
acting = Router(tags=["acting"])

POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 10
STREAM_SECONDS = 300
EVENTS = {
    "responses": {
        200: {"description": "Events named `task`, each with the task as JSON", "content": {"text/event-stream": {}}}
    }
}
NOT_CANCELLED = {"responses": problem_responses({409: "The task is under way or has ended"})}
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
    """A group of tasks that were sent together; `done` counts what ended, `failed` and `cancelled_tasks` among it."""

    batch_id: str
    state: following.BatchState
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
    task_ids: list[str]


def _state(task_id: str) -> following.TaskState:
    try:
        return following.task_state(task_id)
    except following.TaskNotFound as error:
        raise Http404(str(error)) from error


@router.get("/tasks/{task_id}", response=TaskOut, url_name="get_task", summary="One task")
def get_task(request: HttpRequest, task_id: TaskId) -> Any:
    """How far a task has come. An id that was never sent is 404."""
    return _state(task_id).as_dict()


@router.get("/tasks/{task_id}/events", openapi_extra=EVENTS, summary="Follow a task (server-sent events)")
def task_events(request: HttpRequest, task_id: TaskId) -> StreamingHttpResponse:
    """Each change of a task as an event `task`, until it ends or 5 minutes have passed; then ask again."""
    return stream(_events(_state(task_id)), "text/event-stream")


def _events(state: following.TaskState) -> Iterator[str]:
    ends = time.monotonic() + STREAM_SECONDS
    yield "retry: 2000\n\n"
    yield _event(state)
    last_sent = time.monotonic()
    while not state.is_finished and time.monotonic() < ends:
        time.sleep(POLL_SECONDS)
        seen, state = state, following.task_state(state.task_id)
        if state != seen:
            yield _event(state)
            last_sent = time.monotonic()
        elif time.monotonic() - last_sent > HEARTBEAT_SECONDS:
            # A peer that has gone is found out only by writing to it.
            yield ": still here\n\n"
            last_sent = time.monotonic()


def _event(state: following.TaskState) -> str:
    return f"event: task\ndata: {json.dumps(state.as_dict())}\n\n"


@router.get("/batches/{batch_id}", response=BatchOut, summary="A group of tasks")
def get_batch(request: HttpRequest, batch_id: TaskId) -> Any:
    """How far a group of tasks has come; its id is the `group_id` of a result."""
    try:
        task_ids = following.batch_of(batch_id).task_ids
        progress = following.progress_of(batch_id)
    except following.TaskNotFound as error:
        raise Http404(str(error)) from error
    return BatchOut(
        **vars(progress),
        batch_id=batch_id,
        state=progress.state,
        finished=progress.is_finished,
        cancelled=progress.is_cancelled,
        task_ids=task_ids,
    )


@acting.post(
    "/tasks/{task_id}/cancel", response=TaskOut, openapi_extra=NOT_CANCELLED, summary="Cancel a task that waits"
)
def cancel_task(request: HttpRequest, task_id: TaskId) -> Any:
    """Keep a task that waits from being run. One that is under way or has ended is 409."""
    try:
        return cancelling.cancel(task_id).as_dict()
    except following.TaskNotFound as error:
        raise Http404(str(error)) from error
    except cancelling.NotCancellable as error:
        raise Problem(409, str(error)) from error
