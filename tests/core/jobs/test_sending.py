"""Batches: their progress, cancelling them, trying failures again; and tasks that kill their workers."""

import pytest
from celery.app.task import Context
from django.utils import timezone

from core.jobs import cancelling, following, retrying, sending
from core.jobs.liveness import own_identity
from core.jobs.retrying import GivenUp, count_redelivery
from core.jobs.signals import calls_cancelled
from core.models import MAX_DEATHS, Batch, BatchTask
from waywo_site.celery import app

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]


def batch_of(number: int) -> Batch:
    return sending.start_batch(
        "process_waywo_comment", ({"comment_id": 10**9 + n} for n in range(number)), label="Some comments"
    )


def end(batch: Batch, position: int, status: str, **fields) -> None:
    now = timezone.now()
    batch.tasks.filter(position=position).update(status=status, started_at=now, finished_at=now, **fields)


def test_progress_counts_what_ended_failed_and_was_tried_again():
    batch = batch_of(4)
    end(batch, 0, "SUCCESS", retries=2)
    end(batch, 1, "FAILURE", result={"exc_type": "ReadingError", "exc_module": "projects.x", "exc_message": ["bad"]})
    progress = following.progress_of(batch.group_id)
    assert (progress.total, progress.done, progress.failed, progress.retried) == (4, 2, 1, 2)
    assert progress.label == "Some comments"
    assert not progress.is_finished
    assert progress.per_minute > 0
    assert progress.seconds_left is not None
    assert [running.group_id for running in following.running_batches()] == [batch.group_id]
    assert following.failures(batch.group_id) == ["comment_id=1000000001: bad"]


def test_a_batch_of_nothing_is_finished_and_not_running():
    progress = following.progress_of(batch_of(0).group_id)
    assert (progress.is_finished, progress.total, progress.seconds_left) == (True, 0, 0)
    assert following.running_batches() == []


def test_cancelling_a_batch_keeps_what_waits_and_lets_the_rest_end():
    batch = batch_of(3)
    running = batch.tasks.get(position=0)
    assert retrying.start_in_batch(running.task_id)
    assert cancelling.cancel_batch(batch.group_id) == 2
    assert following.progress_of(batch.group_id).is_cancelled
    waiting = batch.tasks.get(position=1).task_id
    assert not retrying.start_in_batch(waiting)
    assert following.task_state(waiting).error == "It was cancelled."
    assert following.task_state(running.task_id).status == "STARTED"


def test_cancelling_a_large_batch_tells_of_its_calls_in_lots():
    batch, told = batch_of(2 * sending.LOT + 1), []

    def hear(sender, task_name, arguments, **_):
        told.append([given["comment_id"] - 10**9 for given in arguments])

    calls_cancelled.connect(hear)
    try:
        assert cancelling.cancel_batch(batch.group_id) == batch.total
    finally:
        calls_cancelled.disconnect(hear)
    assert [len(lot) for lot in told] == [sending.LOT, sending.LOT, 1]
    assert sorted(number for lot in told for number in lot) == list(range(batch.total))


def test_a_second_delivery_waits_for_the_process_that_is_at_the_task():
    task = batch_of(1).tasks.get()
    task.status, task.started_at, task.worker = "STARTED", timezone.now(), own_identity()
    task.save()
    with pytest.raises(retrying.UnderWay):
        retrying.start_in_batch(task.task_id)
    task.worker = own_identity().rpartition(":")[0] + ":1"  # the number of a process that is used again
    task.save()
    assert retrying.start_in_batch(task.task_id)


def test_failures_are_tried_again_as_a_new_batch():
    batch = batch_of(3)
    end(batch, 0, "SUCCESS")
    end(batch, 1, "FAILURE")
    end(batch, 2, "FAILURE")
    again = sending.retry_failures(batch.group_id)
    assert (again.total, again.retry_of_id, again.label) == (2, batch.group_id, "Again: Some comments")
    assert [task.kwargs["comment_id"] - 10**9 for task in again.tasks.all()] == [1, 2]
    end(again, 0, "SUCCESS")
    end(again, 1, "SUCCESS")
    with pytest.raises(sending.NothingToRetry, match="no task that failed"):
        sending.retry_failures(again.group_id)


def test_a_second_delivery_of_a_task_that_ended_does_nothing():
    batch = batch_of(1)
    (task_id,) = batch.task_ids
    assert retrying.start_in_batch(task_id)
    end(batch, 0, "SUCCESS")
    assert not retrying.start_in_batch(task_id)
    assert BatchTask.objects.get(pk=task_id).status == "SUCCESS"


def test_a_success_stands_whatever_another_delivery_of_the_task_came_to():
    (task_id,) = batch_of(1).task_ids
    request = Context(group="any", retries=0)
    for status, stands in (("FAILURE", "FAILURE"), ("SUCCESS", "SUCCESS"), ("FAILURE", "SUCCESS")):
        app.backend.store_result(task_id, {"status": status}, status, request=request)
        assert BatchTask.objects.get(pk=task_id).status == stands


def test_an_unknown_batch_is_named():
    with pytest.raises(following.TaskNotFound, match="There is no batch nothing"):
        following.progress_of("nothing")


def test_a_task_whose_worker_was_lost_three_times_is_given_up():
    assert [count_redelivery("one") for _ in range(MAX_DEATHS)] == [1, 2, 3]
    for _ in range(MAX_DEATHS - 1):
        count_redelivery("another")
    task = app.tasks["send_canaries"]
    task.push_request(id="another", called_directly=False, delivery_info={"redelivered": True}, is_eager=True)
    try:
        with pytest.raises(GivenUp, match="died 3 times"):
            task._start("another")
    finally:
        task.pop_request()


@pytest.mark.parametrize("said", ["SUCCESS", "FAILURE", "RETRY"])
def test_what_somebody_cancelled_stays_so_whatever_its_process_says_as_it_ends(said):
    alone = sending.send("process_waywo_comment", {"comment_id": 10**9})
    task = batch_of(1).tasks.get()
    for task_id, group in ((alone, None), (task.pk, task.batch_id)):
        assert cancelling.cancel(task_id).status == "REVOKED"
        result = {"status": "skipped"} if said == "SUCCESS" else ValueError("as it went")
        request = Context(id=task_id, group=group, retries=0, task="process_waywo_comment")
        app.backend.store_result(task_id, result, said, request=request)
        assert following.task_state(task_id).status == "REVOKED"
