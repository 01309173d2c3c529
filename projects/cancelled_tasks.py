"""Takes back what a cancelled task had begun: the claim on a comment, the phases of a thread."""

from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from comments.models import Comment
from core.jobs.cancelling import cancel_batch
from core.jobs.signals import task_cancelled
from projects.models import Extraction, ThreadRun

CANCELLED = "It was cancelled."


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
    """Cancel all that the run of a thread sent, with what is under way of it; what was saved stays."""
    # Locked: of a worker that looks at it now, what it begins is seen here, or it sees the end that is noted here.
    for run in ThreadRun.objects.open().select_for_update().filter(task_id=task_id):
        for batch in run.batches:
            cancel_batch(batch.pk, running=True)
        run.finish(ThreadRun.Status.CANCELLED, error=CANCELLED)
