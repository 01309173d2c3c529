"""Buttons that send work to the workers."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from kombu.exceptions import OperationalError

from core.jobs.sending import send, start_batch
from core.models import Batch
from core.text import counted


def send_batch(request: HttpRequest, task_name: str, calls: Iterable[dict[str, Any]], label: str) -> int:
    """Start a batch for the user of ``request``, tell them where to watch it, and return how many tasks it has."""
    calls = list(calls)
    if not calls:
        messages.info(request, f"{label}: there is nothing to do.")
        return 0
    tell_started(request, start_batch(task_name, calls, label=label, started_by=request.user), label)
    return len(calls)


def send_task(request: HttpRequest, task_name: str, arguments: dict[str, Any], **options: Any) -> str | None:
    """Send one task for the user of ``request`` as ``core.jobs.sending.send`` does, and return its id.

    None where the broker does not answer, which the user is told: nothing was sent.
    """
    try:
        return send(task_name, arguments, started_by=request.user, **options)
    except OperationalError:
        messages.error(request, "The broker does not answer: nothing was sent. Try again in a moment.")
        return None


def tell_started(request: HttpRequest, batch: Batch, label: str) -> None:
    """Tell the user of ``request`` that ``batch`` was started, or waits for the broker, and where to watch it."""
    tasks = counted(batch.total, "task")
    watch = reverse("admin:core_batch_change", args=[batch.group_id])
    if batch.waits_for_broker:
        text = (
            "{}: the broker does not answer. {} kept, to go out without your doing when it is back: do not try again. "
            '<a href="{}">Watch</a>'
        )
        messages.warning(request, format_html(text, label, f"{tasks} {_are(batch)}", watch))
    else:
        text = '{}: {} on the way. <a href="{}">Watch</a>'
        messages.success(request, format_html(text, label, f"{tasks} {_are(batch)}", watch))


def _are(batch: Batch) -> str:
    return "is" if batch.total == 1 else "are"
