"""Takes back what a cancelled task had begun: the claim on a comment, the phases of a thread."""

from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from comments.models import Comment
from core.jobs.signals import task_cancelled
from projects.models import Extraction
from projects.threads.ending import CANCELLED, cancel_run


@receiver(task_cancelled)
def take_back_reading(sender: Any, task_id: str, **_: Any) -> None:
    """Make the comment that a task reads pending again, as if it had not been begun: what it finds is not saved."""
    for comment in Comment.objects.filter(status=Comment.Status.PROCESSING, claimed_by=task_id):
        comment.give_back("")
    Extraction.objects.filter(task_id=task_id, status=Extraction.Status.RUNNING).update(
        status=Extraction.Status.SUPERSEDED, finished_at=timezone.now(), error=CANCELLED
    )


@receiver(task_cancelled)
def cancel_thread_run(sender: Any, task_id: str, **_: Any) -> None:
    """End the run of a thread whose task was cancelled."""
    cancel_run(task_id)
