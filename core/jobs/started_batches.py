"""Tasks that only start a batch end as that does, whatever they say of themselves."""

from collections.abc import Iterable

from celery.states import FAILURE
from django_celery_results.models import TaskResult

from core.jobs import following
from core.jobs.batch_progress import BatchProgress
from core.models import Batch


def batches_of(task_ids: Iterable[str]) -> dict[str, BatchProgress]:
    """Return how far the newest batch is that each of these tasks started, for those that started one."""
    batches = list(Batch.objects.filter(started_in__in=[*filter(None, task_ids)]).order_by("created_at"))
    progress = following.progress_of_each(batches)
    return {batch.started_in: how for batch, how in zip(batches, progress, strict=True)}


def failure_of(result: TaskResult) -> str | None:
    """Return why a task that ended did not do its work, in a line: by itself, or because its whole batch failed."""
    if result.status == FAILURE:
        return following.task_state(result.task_id).error
    batch = batches_of([result.task_id]).get(result.task_id)
    if batch is None or batch.state != "failed":
        return None
    first = next(iter(following.failures(batch.group_id, 1)), "")
    return f"{batch}. The first: {first}"
