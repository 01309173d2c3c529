"""What a task is at is told by a thread of its process, whatever the task itself is in the middle of."""

import pytest
from django.db import transaction
from django_celery_results.models import TaskResult

from core.jobs import following, sending, steps
from core.models import BatchTask
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]


@pytest.fixture(params=["alone", "in a batch"])
def task_id(request) -> str:
    """Return the id of a task that is under way."""
    if request.param == "alone":
        sent = sending.send("process_waywo_comment", {"comment_id": 1})
        TaskResult.objects.filter(task_id=sent).update(status="STARTED")
        return sent
    [sent] = sending.start_batch("process_waywo_comment", [{"comment_id": 1}]).task_ids
    BatchTask.objects.filter(pk=sent).update(status="STARTED")
    return sent


def is_in_batch(task_id: str) -> bool:
    return BatchTask.objects.filter(pk=task_id).exists()


def test_a_step_that_lasts_is_seen_while_the_work_is_in_a_transaction(task_id):
    in_batch = is_in_batch(task_id)
    with transaction.atomic():
        steps.note(task_id, "describing", 3, 6, is_in_batch=in_batch)
        steps.note(task_id, "embedding", 4, 6, is_in_batch=in_batch)
        expected = {"step": "embedding", "done": 4, "total": 6}
        wait_until(lambda: following.task_state(task_id).progress == expected, "the step is told", 30)
        assert not transaction.get_rollback()
    steps.forget(task_id)
    assert following.task_state(task_id).status == "PROGRESS"


def test_what_has_ended_is_not_told_to_run(task_id):
    in_batch = is_in_batch(task_id)
    for status in ("SUCCESS", "FAILURE", "REVOKED", "RETRY"):
        TaskResult.objects.update(status=status)
        BatchTask.objects.update(status=status)
        steps.write(task_id, "describing", 3, 6, is_in_batch=in_batch)
        assert following.task_state(task_id).status == status
    steps.write_waiting(task_id, "reading", 3, 6, is_in_batch=in_batch)  # a task that comes back
    assert following.task_state(task_id).progress == {"step": "reading", "done": 3, "total": 6}
