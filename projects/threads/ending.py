"""How a thread's run ends before its time: cancelled, or with its task."""

from celery.states import REVOKED
from django.db import transaction

from comments.models import Comment
from core.jobs.cancelling import cancel_batch
from core.jobs.following import task_state
from projects.models import ThreadRun

CANCELLED = "It was cancelled."


def cancel_run(task_id: str) -> None:
    """Cancel all that a task's run sent, with what is under way of it; what was saved stays. In a transaction."""
    # Locked: of a worker that looks at it now, what it begins is seen here, or it sees the end that is noted here.
    for run in ThreadRun.objects.open().select_for_update().filter(task_id=task_id):
        for batch in run.batches:
            cancel_batch(batch.pk, running=True)
        if run.reading is None and run.post is not None:
            # What it would have read next is not to be read by the reconciler instead.
            Comment.objects.set_aside(Comment.objects.pending().filter(post=run.post).values("pk"))
        run.finish(ThreadRun.Status.CANCELLED, error=CANCELLED)


def end_abandoned() -> None:
    """End the runs whose task has ended without them, so that their threads are free; what they sent goes on."""
    for task_id in ThreadRun.objects.abandoned().values_list("task_id", flat=True):
        task = task_state(task_id)
        with transaction.atomic():
            if task.status == REVOKED:
                cancel_run(task_id)
            for run in ThreadRun.objects.open().select_for_update().filter(task_id=task_id):
                run.finish(ThreadRun.Status.FAILED, error=task.error or "Its task ended without it.")
