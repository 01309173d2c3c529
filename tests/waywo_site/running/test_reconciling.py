"""What the reconciler sends, by the rows and the queues as it finds them."""

from datetime import timedelta

import pytest
from celery import current_app
from django.conf import settings
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from django_celery_results.models import TaskResult

from comments.models import Comment
from core.jobs import cancelling, sending
from core.models import BatchTask
from projects.extraction.choosing import comments_to_read
from tests.factories import make_comment
from waywo_site.celery import app
from waywo_site.running import reconciling
from waywo_site.running.queues import depths
from waywo_site.running.reconciling import reconcile
from waywo_site.schedules.beat import Scheduler

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]


@pytest.fixture(autouse=True)
def no_worker_to_wait_for(monkeypatch) -> None:
    monkeypatch.setattr(reconciling, "ANSWER_SECONDS", 0.1)


def test_what_is_due_is_read_whatever_else_is_open_and_queued_once():
    comment = make_comment()
    sending.start_batch("process_waywo_post", [{"post_id": comment.post_id}])
    assert reconcile().comments_queued == 1
    current_app.control.purge()
    again = reconcile()
    assert (again.comments_queued, again.group_id) == (0, None)
    assert BatchTask.objects.filter(kwargs__comment_id=comment.pk).count() == 1


def test_a_comment_whose_reading_was_ended_by_the_hard_limit_is_read_by_a_new_task():
    comment = make_comment()
    batch = sending.start_batch("process_waywo_comment", [{"comment_id": comment.pk}])
    current_app.control.purge()
    assert comment.claim(batch.task_ids[0])
    batch.tasks.update(status="FAILURE")
    assert reconcile().comments_queued == 0
    Comment.objects.update(claimed_at=timezone.now() - settings.CLAIM_EXPIRES_AFTER)
    assert reconcile().comments_queued == 1


def test_a_run_of_a_schedule_that_the_broker_lost_is_sent_again():
    monthly = CrontabSchedule.objects.create(minute="0", hour="6", day_of_month="1", timezone="UTC")
    PeriodicTask.objects.all().delete()
    for name, expires in (("Monthly", 27 * 86400), ("Often", 60)):
        PeriodicTask.objects.create(
            name=name, task="process_waywo_posts", crontab=monthly, kwargs='{"limit_posts": 3}', expire_seconds=expires
        )
    beat = Scheduler(app=app)
    for entry in beat.schedule.values():
        beat.apply_async(entry)
    assert depths()["collection"] == 2
    row = TaskResult.objects.get()
    assert (row.status, row.periodic_task_name, row.task_name) == ("PENDING", "Monthly", "process_waywo_posts")
    current_app.control.purge()
    assert reconcile(timezone.now() + timedelta(minutes=2)).tasks_sent_again == 1
    assert depths()["collection"] == 1


@pytest.mark.parametrize(("status", "minutes"), [("RETRY", 21), ("STARTED", 61), ("PROGRESS", 61)])
def test_a_single_task_that_was_begun_and_whose_message_is_gone_is_sent_again(status, minutes):
    task_id = sending.send("generate_analytics", {})
    current_app.control.purge()
    TaskResult.objects.filter(task_id=task_id).update(status=status)
    now = timezone.now()
    assert reconcile(now + timedelta(minutes=minutes - 2)).tasks_sent_again == 0
    assert reconcile(now + timedelta(minutes=minutes)).tasks_sent_again == 1
    assert depths()["operations"] == 1


def test_a_task_whose_arguments_were_cut_short_keeps_no_other_from_being_sent():
    cut, whole = sending.send("generate_analytics", {}), sending.send("generate_analytics", {})
    current_app.control.purge()
    TaskResult.objects.filter(task_id=cut).update(task_kwargs="\"{'comment_ids': [1, 2, ...\"")
    assert reconcile(timezone.now() + timedelta(minutes=2)).tasks_sent_again == 1
    assert TaskResult.objects.filter(task_id=whole, status="PENDING").exists()


def test_what_somebody_cancelled_waits_until_somebody_asks_for_it():
    by_batch, alone, withdrawn_late, due = (make_comment(author=f"a{number}") for number in range(4))
    batch = sending.start_batch("process_waywo_comment", [{"comment_id": by_batch.pk}, {"comment_id": due.pk}])
    batch.tasks.filter(kwargs__comment_id=due.pk).update(status="SUCCESS")
    task_id = sending.send("process_waywo_comment", {"comment_id": alone.pk})
    under_way = sending.start_batch("process_waywo_comment", [{"comment_id": withdrawn_late.pk}])
    assert withdrawn_late.claim(under_way.task_ids[0])
    under_way.tasks.update(status="STARTED")
    cancelling.cancel_batch(batch.pk)
    cancelling.cancel(task_id)
    cancelling.cancel_batch(under_way.pk, running=True)
    current_app.control.purge()
    assert reconcile().comments_queued == 1
    assert [task.kwargs["comment_id"] for task in BatchTask.objects.open()] == [due.pk]
    aside = {by_batch.pk, alone.pk, withdrawn_late.pk}
    assert set(Comment.objects.filter(is_set_aside=True).values_list("pk", flat=True)) == aside
    assert set(comments_to_read()) == aside  # asked for by hand
    assert by_batch.claim()
    assert not Comment.objects.get(pk=by_batch.pk).is_set_aside
