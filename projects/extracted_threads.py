"""Tells which task is at a thread."""

from typing import Any

from django.dispatch import receiver

from comments.models import Post
from comments.signals import who_extracts
from projects.models import ThreadRun


@receiver(who_extracts)
def task_at(sender: Any, post: Post, **_: Any) -> str | None:
    """Return the id of the task whose run is at a thread now."""
    return ThreadRun.objects.open().filter(post=post).values_list("task_id", flat=True).first()
