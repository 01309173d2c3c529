"""How to cancel tasks and batches over HTTP, and to run again what failed or was cancelled."""

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Field, Router, Status

from core.api.bodies import NOTHING, StrictBody
from core.api.following import BatchOut, TaskId, TaskOut, batch_out
from core.api.problems import Problem, problem_responses
from core.api.sending import Sent, sent_as, who_asks
from core.jobs import cancelling, following, repeating, sending
from core.models import Batch

router = Router(tags=["acting"])

NOT_CANCELLED = {"responses": problem_responses({409: "The task has ended, or is under way and `running` is not set"})}
NOT_AGAIN = {"responses": problem_responses({409: "Nothing of it failed or was cancelled, or it runs again already"})}


class Cancel(StrictBody):
    """What is cancelled beside what waits."""

    running: Annotated[bool, Field(strict=True)] = False


@router.post(
    "/tasks/{task_id}/cancel",
    response=TaskOut,
    operation_id="comments_api_cancel_task",  # where it stood first: generated clients call it by that
    openapi_extra=NOT_CANCELLED,
    summary="Cancel a task",
)
def cancel_task(request: HttpRequest, task_id: TaskId, arguments: Cancel | None = NOTHING) -> Any:
    """Keep a task that waits from being run; with `running` end one that is under way, whose work is taken back.

    One that has ended is 409, and so is one that is under way without `running`.
    """
    try:
        return cancelling.cancel(task_id, running=_ends_running(arguments)).as_dict()
    except following.TaskNotFound as error:
        raise Http404(str(error)) from error
    except cancelling.StillRunning as error:
        raise Problem(409, f'{error} Send {{"running": true}} to end it.') from error
    except cancelling.NotCancellable as error:
        raise Problem(409, str(error)) from error


@router.post("/batches/{batch_id}/cancel", response=BatchOut, summary="Cancel a group of tasks")
def cancel_batch(request: HttpRequest, batch_id: TaskId, arguments: Cancel | None = NOTHING) -> Any:
    """Keep the waiting tasks of a group from being run; with `running` end those that are under way, too."""
    try:
        cancelling.cancel_batch(batch_id, running=_ends_running(arguments))
    except following.TaskNotFound as error:
        raise Http404(str(error)) from error
    return batch_out(batch_id)


@router.post("/tasks/{task_id}/retry", response={202: Sent}, openapi_extra=NOT_AGAIN, summary="Run a task again")
def retry_task(request: HttpRequest, task_id: TaskId) -> Any:
    """Run a task that failed or was cancelled again, with the arguments that it had, as a task of its own."""
    try:
        again = repeating.run_again(task_id, started_by=who_asks(request))
    except following.TaskNotFound as error:
        raise Http404(str(error)) from error
    except repeating.NotRepeatable as error:
        raise Problem(409, str(error)) from error
    return sent_as(request, again, f"Running task {task_id} again.")


@router.post(
    "/batches/{batch_id}/retry", response={202: BatchOut}, openapi_extra=NOT_AGAIN, summary="Run failures again"
)
def retry_batch(request: HttpRequest, batch_id: TaskId) -> Any:
    """Run those tasks of a group that failed or were cancelled again, as a group of their own."""
    try:
        again: Batch = sending.retry_failures(batch_id, started_by=who_asks(request))
    except following.TaskNotFound as error:
        raise Http404(str(error)) from error
    except sending.NothingToRetry as error:
        raise Problem(409, str(error)) from error
    return Status(202, batch_out(again.pk))


def _ends_running(arguments: Cancel | None) -> bool:
    return arguments is not None and arguments.running
