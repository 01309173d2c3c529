"""Takes back what a cancelled task had begun: the claim on a comment, the phases of a thread, an answer."""

from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from comments.models import Comment
from core.jobs.signals import calls_cancelled, task_cancelled
from projects.asking.answering import end_cancelled
from projects.extraction.choosing import TASK
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


@receiver(calls_cancelled)
def set_comments_aside(sender: Any, task_name: str, arguments: list[dict[str, Any]], **_: Any) -> None:
    """Let the comments of cancelled readings wait until somebody asks for them: the reconciler would read them again
    within a minute."""
    if task_name == TASK:
        Comment.objects.set_aside([given["comment_id"] for given in arguments])


@receiver(task_cancelled)
def cancel_thread_run(sender: Any, task_id: str, **_: Any) -> None:
    """End the run of a thread whose task was cancelled."""
    cancel_run(task_id)


@receiver(task_cancelled)
def end_question(sender: Any, task_id: str, **_: Any) -> None:
    """End the question that a task answers, or waits to answer: nobody comes to it any more."""
    end_cancelled(task_id)
