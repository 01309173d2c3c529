"""What becomes of a run of ideas whose task was cancelled, or runs again: what was saved is kept."""

from typing import Any

from django.dispatch import receiver

from core.jobs.signals import task_cancelled, task_runs_again
from ideas.models import IdeaRun

CANCELLED = "It was cancelled. What it had finished is kept."


@receiver(task_cancelled)
def end_run(sender: Any, task_id: str, **_: Any) -> None:
    """End the run of a cancelled task."""
    for run in IdeaRun.objects.unfinished().filter(task_id=task_id):
        run.errors.append(CANCELLED)
        run.finish(IdeaRun.Status.PARTIAL if run.ideas.exists() else IdeaRun.Status.FAILED)


@receiver(task_runs_again)
def go_on_as(sender: Any, task_id: str, as_task_id: str, **_: Any) -> None:
    """Let the run go on under the new id, so that what was saved of it is not made again."""
    IdeaRun.objects.filter(task_id=task_id).exclude(status=IdeaRun.Status.SUCCESS).update(
        task_id=as_task_id, status=IdeaRun.Status.QUEUED, finished_at=None, attempts=0
    )
