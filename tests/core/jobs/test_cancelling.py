"""Ending what runs: its process works at something else at once, and what it had begun is taken back."""

import time

import pytest

from comments.models import Comment
from core.jobs import cancelling, following, repeating, sending
from core.models import BatchTask
from projects.models import Extraction, Project
from tests.faults import work
from tests.servers.processes import Worker, command
from tests.waiting import wait_until

PATIENCE = 240  # seconds, of a machine that does much else
pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]


@pytest.fixture
def reading(tmp_path):
    """Return a worker of one process that reads by a model, which thinks for ever about the first comment."""
    slow, *others = work.make_comments(3)
    Comment.objects.filter(pk=slow).update(text="I am building Sloth (https://sloth.example), a slow tool.")
    thinks = {"about": "Sloth"}

    def hang(request):
        asked = request["messages"][1]["content"]
        return 300.0 if thinks["about"] in asked and not work.asks_for_segments(request) else 0.0

    with work.model(hang) as server:
        broker = sending.current_app.conf.broker_url
        with Worker(tmp_path, processes=1, **work.variables(broker, server)) as worker:
            yield slow, others, thinks, worker


def is_at(task_id: str, step: str) -> bool:
    progress = following.task_state(task_id).progress
    return progress is not None and progress["step"] == step


def test_a_reading_that_runs_is_ended_and_taken_back_and_can_be_run_again(reading):
    slow, others, thinks, _ = reading
    task_id = sending.send("process_waywo_comment", {"comment_id": slow})
    wait_until(lambda: is_at(task_id, "describing"), "its step is told", PATIENCE)
    assert following.task_state(task_id).progress == {"step": "describing", "done": 3, "total": 6}
    batch = sending.start_batch("process_waywo_comment", [{"comment_id": pk} for pk in others])
    with pytest.raises(cancelling.StillRunning, match="is under way"):
        cancelling.cancel(task_id)
    asked = time.monotonic()
    assert cancelling.cancel(task_id, running=True).status == "REVOKED"
    comment = Comment.objects.get(pk=slow)
    assert (comment.status, comment.attempts, comment.claimed_by, comment.last_error) == ("pending", 0, "", "")
    wait_until(
        lambda: BatchTask.objects.exclude(started_at=None).exists(), "its process is at something else", PATIENCE
    )
    print(f"its process worked at something else after {time.monotonic() - asked:.1f} s")
    wait_until(lambda: following.progress_of(batch.pk).is_finished, "the others are read", PATIENCE)
    assert following.progress_of(batch.pk).state == "succeeded"
    assert Extraction.objects.get(comment=slow).error == "It was cancelled."
    assert following.task_state(task_id).status == "REVOKED"
    assert Project.objects.count() == len(others)
    with pytest.raises(cancelling.NotCancellable, match="has ended"):
        cancelling.cancel(batch.task_ids[0], running=True)
    thinks["about"] = "nothing"
    again = repeating.run_again(task_id)
    wait_until(lambda: following.task_state(again).is_finished, "it is read after all", PATIENCE)
    assert following.task_state(again).result["valid_projects"] == 1
    assert Comment.objects.get(pk=slow).status == "processed"


def test_a_batch_is_ended_with_what_runs_of_it(reading):
    slow, others, _, worker = reading
    batch = sending.start_batch("process_waywo_comment", [{"comment_id": pk} for pk in (slow, *others)])
    running = batch.task_ids[0]
    wait_until(lambda: is_at(running, "describing"), "the step of one of a batch is told", PATIENCE)
    [task] = following.running_tasks(batch.pk)
    assert task.label == f"comment_id={slow}: describing, 3 of 6"
    assert following.steps_under_way(batch.pk) == "1 describing"
    shown = command("task_status", batch.pk)
    assert task.label in shown.stdout
    unsure = command("cancel_task", running)  # nobody is there to be asked
    assert (unsure.returncode, "--running" in unsure.stderr) == (1, True)
    done = command("cancel_task", batch.pk, "--running")
    assert (done.returncode, done.stdout) == (0, f"3 tasks of batch {batch.pk} are cancelled.\n")
    assert set(Comment.objects.values_list("status", "attempts")) == {("pending", 0)}
    too_late = command("cancel_task", batch.pk)
    assert (too_late.returncode, "has ended" in too_late.stderr) == (1, True)
    last = sending.send("process_waywo_comment", {"comment_id": others[0]})
    wait_until(lambda: following.task_state(last).is_finished, "the process works on", PATIENCE)
    assert following.task_state(last).status == "SUCCESS", worker.log
    assert following.progress_of(batch.pk).state == "cancelled"
