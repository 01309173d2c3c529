"""Buttons that send work to the workers."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from kombu.exceptions import OperationalError

from comments.batches import start_batch
from comments.models import Batch


def send_batch(request: HttpRequest, task_name: str, calls: Iterable[dict[str, Any]], label: str) -> int:
    """Start a batch for the user of ``request``, tell them where to watch it, and return how many tasks it has."""
    calls = list(calls)
    if not calls:
        messages.info(request, f"{label}: there is nothing to do.")
        return 0
    try:
        batch = start_batch(task_name, calls, label=label, started_by=request.user)
    except OperationalError:
        messages.error(request, f"{label}: the broker does not answer, so nothing was sent. Try again when it runs.")
        return 0
    tasks = "1 task is" if len(calls) == 1 else f"{len(calls)} tasks are"
    messages.success(request, format_html('{}: {} on the way. <a href="{}">Watch</a>', label, tasks, _watch(batch)))
    return len(calls)


def _watch(batch: Batch) -> str:
    return reverse("admin:comments_batch_change", args=[batch.group_id])
