"""How far a thread's run is, and what it came to, told from the rows of its batches."""

from collections import Counter
from typing import Any

from celery.states import SUCCESS
from django.db.models import QuerySet
from django.utils import timezone

from comments.models import Comment
from comments.saving import missed_comments
from core.jobs import following
from core.models import Batch, BatchTask
from projects.models import Project, ThreadRun

SHOWN_ERRORS = 20
COLLECTED = ("comments_saved", "comments_updated", "comments_skipped")


def progress_of(run: ThreadRun) -> tuple[str, int, int]:
    """Return the step of a run, and how much of the whole is done.

    Each comment counts twice, as it is collected and as it is read, the figures once. Until it is known how many are
    to be read, they are as many as are collected.
    """
    done, wanted = _collected(run)
    if run.reading is None:
        return "collecting", done, 2 * wanted + 1
    [reading] = following.progress_of_each([run.reading])
    total = wanted + reading.total + 1
    if run.figures is None:
        return "reading", wanted + reading.done, total
    return "updating_figures", total - 1, total


def collection_error(run: ThreadRun) -> str:
    """Return why a thread that is not there was not collected."""
    lines = following.failures(run.collection_id) if run.collection_id else []
    return next(iter(lines + what_is_missing(_result(run.collection))), "The thread was not collected.")


def what_is_missing(collected: dict[str, Any]) -> list[str]:
    """Return a line for all that a collection could not have; ``collected`` is its result, empty without one."""
    return [*collected.get("missing", ()), *missed_comments(collected)]


def outcome_of(run: ThreadRun) -> dict[str, Any]:
    """Return the result of a run of a post whose batches have all ended (design, section 4)."""
    ids = [kwargs["comment_id"] for kwargs in _tasks(run.reading).values_list("kwargs", flat=True)]
    collected = _result(run.collection)
    errors = [line for batch in run.batches for line in following.failures(batch.pk)] + what_is_missing(collected)
    return thread_result(
        run.post_id,
        ids,
        collected,
        errors,
        title=str(run),
        seconds=round((timezone.now() - run.created_at).total_seconds(), 1),
        batches=[batch.pk for batch in run.batches],
    )


def thread_result(
    post_id: int | None, comment_ids: list[int], collected: dict[str, Any], errors: list[str], **more: Any
) -> dict[str, Any]:
    """Return what became of the comments that were to be read, whoever read them: the result of the task."""
    statuses = Counter(Comment.objects.filter(pk__in=comment_ids).values_list("status", flat=True))
    found = Project.objects.filter(submissions__comment__in=comment_ids).distinct()
    counts = {
        "comments": len(comment_ids),
        "processed": statuses[Comment.Status.PROCESSED],
        "skipped": statuses[Comment.Status.SKIPPED],
        "failed": statuses[Comment.Status.FAILED],
        # Also what somebody who has died left under way.
        "left_pending": statuses[Comment.Status.PENDING] + statuses[Comment.Status.PROCESSING],
        "projects": found.count(),
    }
    whole = not errors and not counts["failed"] and not counts["left_pending"]
    return (
        {"status": "success" if whole else "partial", "post_id": post_id}
        | counts
        | {name: collected.get(name, 0) for name in COLLECTED}
        | {"comments_missing": _missing(collected)}
        | {"errors": errors[:SHOWN_ERRORS], **more}
    )


def _collected(run: ThreadRun) -> tuple[int, int]:
    """Return how many comments were collected, of how many that are wanted."""
    task = _tasks(run.collection).first()
    if task is None or not isinstance(task.result, dict):
        return 0, 0
    if task.status == SUCCESS:
        number = sum(task.result.get(name, 0) for name in COLLECTED) + _missing(task.result)
        return number, number
    return task.result.get("done", 0), task.result.get("total", 0)


def _missing(collected: dict[str, Any]) -> int:
    return len(collected.get("failed", ())) + len(collected.get("refused", ()))


def _tasks(batch: Batch | None) -> QuerySet[BatchTask]:
    return BatchTask.objects.none() if batch is None else batch.tasks.all()


def _result(batch: Batch | None) -> dict[str, Any]:
    task = _tasks(batch).filter(status=SUCCESS).first()
    return task.result if task is not None and isinstance(task.result, dict) else {}
