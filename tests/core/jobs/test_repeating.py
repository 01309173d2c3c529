"""Running a single task again that failed or was cancelled."""

import pytest
from celery.app.task import Context
from django_celery_results.models import TaskResult

from core.jobs import cancelling, following, repeating, sending
from core.models import Batch
from ideas.models import IdeaRun
from tests.servers.processes import command
from waywo_site.celery import app

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]
NEVER_SENT = "00000000-0000-4000-8000-000000000000"


def failed(name: str = "process_waywo_comment", **kwargs) -> str:
    task_id = sending.send(name, kwargs, periodic_task_name="Nightly")
    request = Context(task=name, kwargsrepr=repr(kwargs), periodic_task_name="Nightly")
    app.backend.store_result(task_id, ValueError("bad"), "FAILURE", request=request)
    return task_id


def test_a_task_runs_again_with_its_arguments_as_a_run_of_its_schedule():
    task_id = failed(comment_id=7)
    again = TaskResult.objects.get(task_id=repeating.run_again(task_id))
    assert (again.task_name, again.status, again.periodic_task_name) == ("process_waywo_comment", "PENDING", "Nightly")
    assert following.stored_arguments(again.task_kwargs) == {"comment_id": 7}
    assert following.task_state(task_id).status == "FAILURE"
    with pytest.raises(repeating.NotRepeatable, match=f"was run again already, as {again.task_id}"):
        repeating.run_again(task_id)


def test_one_of_a_batch_runs_again_as_a_batch_of_its_own():
    batch = sending.start_batch("process_waywo_comment", [{"comment_id": 1}, {"comment_id": 2}], label="Some comments")
    cancelling.cancel(batch.task_ids[1])
    again = repeating.run_again(batch.task_ids[1])
    [of_one] = Batch.objects.filter(retry_of=batch)
    assert (of_one.label, of_one.task_ids) == ("Again: one of Some comments", [again])
    assert of_one.tasks.get().kwargs == {"comment_id": 2}


def test_what_waits_succeeded_or_is_no_task_is_not_run_again():
    waiting = sending.send("process_waywo_comment", {"comment_id": 7})
    done = sending.send("process_waywo_comment", {"comment_id": 7})
    TaskResult.objects.filter(task_id=done).update(status="SUCCESS")
    batch = sending.start_batch("process_waywo_comment", [{"comment_id": 1}])
    for wanted, error, said in (
        (waiting, repeating.NotRepeatable, r"has not ended \(PENDING\)"),
        (done, repeating.NotRepeatable, r"has ended \(SUCCESS\)"),
        (NEVER_SENT, following.TaskNotFound, "There is no task"),
        (batch.pk, following.IsABatch, "the id of a batch, not of a task"),
    ):
        with pytest.raises(error, match=said):
            repeating.run_again(wanted)
    shown = command("retry_task", done)
    assert (shown.returncode, "only one that failed or was cancelled" in shown.stderr) == (1, True)


def test_arguments_that_were_cut_short_are_not_guessed():
    task_id = failed(comment_id=7)
    TaskResult.objects.filter(task_id=task_id).update(task_kwargs="\"{'comment_ids': [1, 2, ...\"")
    with pytest.raises(repeating.NotRepeatable, match="not kept whole"):
        repeating.run_again(task_id)


def test_the_command_runs_a_task_or_the_failures_of_a_batch_again():
    task_id = failed(comment_id=7)
    shown = command("retry_task", task_id)
    assert (shown.returncode, "runs again as task" in shown.stdout) == (0, True)
    batch = sending.start_batch("process_waywo_comment", [{"comment_id": 1}, {"comment_id": 2}])
    cancelling.cancel_batch(batch.pk)
    shown = command("retry_task", batch.pk)
    assert (shown.returncode, "runs again as group" in shown.stdout) == (0, True)
    assert Batch.objects.get(retry_of=batch).total == 2


@pytest.mark.parametrize("state", [IdeaRun.Status.QUEUED, IdeaRun.Status.RUNNING])
def test_a_cancelled_run_of_ideas_is_ended_and_goes_on_under_the_new_id(state):
    task_id = sending.send("generate_ideas", {"num_ideas": 2})
    run = IdeaRun.objects.create(num_ideas=2, task_id=task_id, status=state, attempts=1)
    cancelling.cancel(task_id)
    run.refresh_from_db()
    assert (run.status, run.errors) == ("failed", ["It was cancelled. What it had finished is kept."])
    again = repeating.run_again(task_id)
    run.refresh_from_db()
    assert (run.task_id, run.status, run.attempts, run.finished_at) == (again, "queued", 0, None)
