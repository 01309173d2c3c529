"""Answers of the endpoints that send a task."""

from typing import Any

from django.http import HttpRequest
from django.urls import resolve, reverse
from ninja import Schema, Status

from core.jobs import sending

PRIORITY = "priority"


class Sent(Schema):
    """A task that was sent, and where to follow it."""

    task_id: str
    status: str
    message: str
    status_url: str


def sent(
    request: HttpRequest, task_name: str, arguments: dict[str, Any], message: str, *, queue: str | None = None
) -> Status[Sent]:
    """Send a task and answer 202 with its id."""
    return sent_as(request, sending.send(task_name, arguments, queue=queue, started_by=who_asks(request)), message)


def sent_as(request: HttpRequest, task_id: str, message: str) -> Status[Sent]:
    """Answer 202 with the id of a task that was sent."""
    # The API's own namespace: an app does not know where it is mounted.
    url = reverse(f"{resolve(request.path_info).namespace}:get_task", args=[task_id])
    return Status(202, Sent(task_id=task_id, status="PENDING", message=message, status_url=url))


def who_asks(request: HttpRequest) -> Any:
    """Return the user who acts, be it by a session or by a token of theirs; None for a token of the environment."""
    return getattr(getattr(request, "auth", None), "user", None)
