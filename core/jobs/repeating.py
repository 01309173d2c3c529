"""Runs a task that failed or was cancelled again, as the same work under another id."""

from typing import Any

from celery.states import FAILURE, REVOKED
from django.db import transaction
from django_celery_results.models import TaskResult

from core.jobs.following import TaskState, stored_arguments, task_state
from core.jobs.sending import send, start_batch
from core.jobs.signals import task_runs_again
from core.locks import lock_until_commit
from core.models import BatchTask, Repetition


class NotRepeatable(Exception):
    """The task did not fail, runs again already, or is not known well enough."""


def run_again(task_id: str, started_by: Any = None) -> str:
    """Send a task that failed or was cancelled once more, with the arguments that it had, and return the new id.

    One of a batch becomes a batch of its own; one of a schedule stays a run of that. What its kind had half done goes
    on under the new id. Raises TaskNotFound and NotRepeatable.
    """
    with transaction.atomic():
        # Of two clicks at once the second finds what the first did.
        lock_until_commit(f"run task {task_id} again")
        state = task_state(task_id)
        if again := Repetition.objects.filter(pk=task_id).first():
            raise NotRepeatable(f"Task {task_id} was run again already, as {again.as_task_id}.")
        if state.status not in (FAILURE, REVOKED):
            how = f"has ended ({state.status})" if state.is_finished else f"has not ended ({state.status})"
            raise NotRepeatable(f"Task {task_id} {how}: only one that failed or was cancelled can be run again.")
        new_id = _again_in_batch(task_id, started_by) or _again_alone(state, started_by)
        Repetition.objects.create(task_id=task_id, as_task_id=new_id)
        task_runs_again.send(TaskState, task_id=task_id, as_task_id=new_id, task_name=state.name)
    return new_id


def runs_again_as(task_id: str) -> str | None:
    """Return the id under which a task runs again, None where it does not."""
    return Repetition.objects.filter(pk=task_id).values_list("as_task_id", flat=True).first()


def _again_in_batch(task_id: str, started_by: Any) -> str | None:
    task = BatchTask.objects.select_related("batch").filter(pk=task_id).first()
    if task is None:
        return None
    label = f"Again: one of {task.batch}".replace("Again: one of Again: ", "Again: ")[:200]
    batch = start_batch(task.batch.task_name, [task.kwargs], label=label, started_by=started_by, retry_of=task.batch)
    return batch.task_ids[0]


def _again_alone(state: TaskState, started_by: Any) -> str:
    row = TaskResult.objects.get(task_id=state.task_id)
    try:
        kwargs = stored_arguments(row.task_kwargs)
    except (TypeError, ValueError, SyntaxError):
        raise NotRepeatable(f"The arguments of task {state.task_id} were not kept whole: start it anew.") from None
    return send(row.task_name, kwargs, periodic_task_name=row.periodic_task_name, started_by=started_by)
