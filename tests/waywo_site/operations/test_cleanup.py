"""What goes, what stays, and that a run may be ended at any moment."""

import json
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connections
from django.db.models import Model
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from django_celery_results.models import GroupResult, TaskResult

from comments.models import Comment, Post, SourceHour
from core.models import Batch, BatchTask, Cancellation, Redelivery, Repetition
from projects.asking.conversations import forget
from projects.asking.limits import TooManyQuestions
from projects.asking.models import KEPT_FOR
from projects.asking.questions import ask_question
from projects.language.models import KeptAnswer
from projects.models import (
    Conversation,
    Extraction,
    HostTurn,
    Page,
    Project,
    Question,
    QuestionEvent,
    Submission,
    ThreadRun,
)
from tests.factories import make_comment, make_project
from tests.servers.processes import command
from waywo_site.models import HealthResult, QueueSample, QueueWork
from waywo_site.operations import cleanup
from waywo_site.operations.cleanup import cleanup_old_data

pytestmark = pytest.mark.django_db(transaction=True)

NOW = timezone.now()
OLD, YOUNG = NOW - timedelta(days=31), NOW - timedelta(days=29)


def results(count: int, moment, model: type[Model] = TaskResult) -> None:
    """Save task results that ended at ``moment``; the field is set by every save."""
    key = "task_id" if model is TaskResult else "group_id"
    start = model.objects.count()
    model.objects.bulk_create(model(**{key: str(start + number)}) for number in range(count))
    model.objects.filter(**{f"{key}__in": [str(start + number) for number in range(count)]}).update(date_done=moment)


def batch(name: str, created_at, states: list[str], finished_at=None) -> Batch:
    """Save a batch; its tasks that ended did so at once unless ``finished_at`` is given."""
    row = Batch.objects.create(group_id=name, task_name="process_waywo_comment", total=len(states))
    Batch.objects.filter(pk=name).update(created_at=created_at)
    for position, state in enumerate(states):
        ended = state in ("SUCCESS", "FAILURE", "REVOKED")
        BatchTask.objects.create(
            task_id=f"{name} {position}",
            batch=row,
            position=position,
            status=state,
            finished_at=(finished_at or created_at) if ended else None,
        )
    return row


def fill() -> None:
    """Save rows of every kind: some to go, some to stay."""
    for moment in (OLD, YOUNG):
        results(3, moment)
        results(2, moment, GroupResult)
        HealthResult.objects.create(name="disk", state="ok", seconds=0, checked_at=moment)
        QueueSample.objects.create(queue="waywo", waiting=1, has_worker=True, measured_at=moment)
        QueueWork.objects.create(queue="waywo", since=moment, waits=[])
        SourceHour.objects.create(source="hn", endpoint="Algolia", hour=moment)
        Page.objects.create(url=f"https://free.example/{moment}", fetched_at=moment)
        Session.objects.create(session_key=str(moment)[:40], session_data="", expire_date=NOW + (moment - YOUNG))
    Session.objects.update(expire_date=NOW + timedelta(days=1))
    Session.objects.filter(session_key=str(OLD)[:40]).update(expire_date=NOW - timedelta(days=1))
    for hours in (23, 25):
        TaskResult.objects.create(task_id=f"tried {hours} hours ago", task_name="try_reading")
        TaskResult.objects.filter(task_name="try_reading", task_id__contains=hours).update(
            date_done=NOW - timedelta(hours=hours)
        )
    HostTurn.objects.create(host="left.example", free_at=NOW - timedelta(days=1, minutes=1))
    HostTurn.objects.create(host="asked.example", free_at=NOW - timedelta(hours=23))
    for age in (settings.LLM_ANSWER_DAYS + 1, settings.LLM_ANSWER_DAYS - 1):
        moment = NOW - timedelta(days=age)
        KeptAnswer.objects.create(key=f"{age} days", prompt_version=1, said={}, created_at=moment)
    Cancellation.objects.create(task_id="old")
    Cancellation.objects.update(requested_at=OLD)
    Repetition.objects.create(task_id="old", as_task_id="new")
    Repetition.objects.update(requested_at=OLD)
    ThreadRun.objects.create(task_id="old", thread="hn 1", status="success", look_at=OLD, finished_at=OLD)
    ThreadRun.objects.create(task_id="open", thread="hn 1", look_at=OLD)
    for moment in (OLD, YOUNG):
        asked = Conversation.objects.create(created_at=moment, expires_at=moment + KEPT_FOR)
        question = Question.objects.create(conversation=asked, number=1, text="Who?", created_at=moment)
        QuestionEvent.objects.create(question=question, number=1, kind="end")
    for moment in (OLD, YOUNG):
        batch(f"ended {moment}", moment, ["SUCCESS", "FAILURE", "REVOKED"])
        Redelivery.objects.create(task_id=str(moment))
        Redelivery.objects.filter(task_id=str(moment)).update(last_at=moment)
    project = make_project(review_status="approved")
    project.pages.add(Page.objects.create(url="https://linked.example", fetched_at=OLD))
    comment = make_comment(status="processed")
    Submission.objects.create(project=project, comment=comment, text="Foo")
    for age in range(6):
        Extraction.objects.create(
            comment=comment,
            analyst="rules",
            prompt_version=1,
            status="running" if age == 5 else "succeeded",
            started_at=NOW - timedelta(days=100 + age),
        )


def test_what_is_old_goes_and_posts_comments_projects_and_reviews_stay():
    fill()
    done = cleanup_old_data()
    assert done["removed"] == {
        "results": 3,
        "trials": 1,
        "group_results": 2,
        "batch_tasks": 3,
        "batches": 1,
        "thread_runs": 1,
        "repetitions": 1,
        "redeliveries": 1,
        "cancellations": 1,
        "health_results": 1,
        "queue_samples": 1,
        "queue_work": 1,
        "source_hours": 1,
        "extractions": 2,
        "pages": 1,
        "host_turns": 1,
        "kept_answers": 1,
        "question_events": 1,
        "questions": 1,
        "conversations": 1,
        "sessions": 1,
    }
    assert TaskResult.objects.count() == 4
    assert HostTurn.objects.get().host == "asked.example"
    assert {page.url[:19] for page in Page.objects.all()} == {"https://linked.exam", "https://free.exampl"}
    assert (Post.objects.count(), Comment.objects.count(), Submission.objects.count()) == (1, 1, 1)
    assert Project.objects.get().review_status == "approved"
    ages = [(NOW - row.started_at).days for row in Extraction.objects.all()]
    assert ages == [100, 101, 102, 105]  # the last 3, and the one under way
    assert sum(cleanup_old_data()["removed"].values()) == 0


def test_what_was_forgotten_today_counts_until_the_day_ends(settings):
    settings.ASK_PER_DAY = 1
    question = ask_question("clocks", address="a")
    forget(question.conversation)
    assert cleanup_old_data()["removed"]["conversations"] == 0
    with pytest.raises(TooManyQuestions):
        ask_question("clocks", address="a")
    Question.objects.update(created_at=timezone.now() - timedelta(days=1))
    assert cleanup_old_data()["removed"]["conversations"] == 1


def test_a_dry_run_counts_the_same_and_removes_nothing():
    fill()
    counted = cleanup_old_data(dry_run=True)
    assert TaskResult.objects.count() == 8
    assert cleanup_old_data()["removed"] == counted["removed"]


def test_a_run_that_is_ended_keeps_what_it_did_and_the_next_goes_on():
    results(2500, OLD)

    class Ended(Exception):
        pass

    def end(step: str, done: int, total: int) -> None:
        assert (step, total) == ("removing", 2500)
        if done == 2000:
            raise Ended

    with pytest.raises(Ended):
        cleanup_old_data(progress=end)
    assert TaskResult.objects.count() == 500
    assert cleanup_old_data()["removed"]["results"] == 500


def test_a_row_that_somebody_holds_is_left_for_the_next_run_and_waited_for_by_nobody():
    results(3, OLD)
    other = connections.create_connection("default")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT id FROM django_celery_results_taskresult LIMIT 1 FOR UPDATE")
        assert cleanup_old_data()["removed"]["results"] == 2
        other.rollback()
    finally:
        other.close()
    assert cleanup_old_data()["removed"]["results"] == 1


@pytest.mark.parametrize("state", ["PENDING", "STARTED", "RETRY", "PROGRESS"])
def test_a_batch_that_runs_keeps_all_its_tasks_however_old_it_is(state):
    running = batch("running", OLD, ["SUCCESS", state])
    done = cleanup_old_data()["removed"]
    assert (done["batches"], done["batch_tasks"], running.tasks.count()) == (0, 0, 2)


def test_a_batch_is_kept_for_thirty_days_after_its_last_task_ended():
    long = batch("long", OLD - timedelta(days=9), ["SUCCESS", "FAILURE"], finished_at=YOUNG)
    assert cleanup_old_data()["removed"]["batches"] == 0
    again = batch("again", NOW, ["PENDING"])
    Batch.objects.filter(pk=again.pk).update(retry_of=long)
    assert cleanup_old_data(28)["removed"]["batch_tasks"] == 2
    again.refresh_from_db()
    assert (again.retry_of, again.tasks.count()) == (None, 1)


@pytest.mark.parametrize("days", [0, -1, 10_001, 1.5, "30", True, None])
def test_days_that_make_no_sense_are_refused(days):
    with pytest.raises(ValueError, match=r"days=.* is invalid"):
        cleanup_old_data(days)


def test_the_command_tells_what_went_and_refuses_nonsense():
    fill()
    dry = command("cleanup_old_data", "--dry-run")
    assert "Would be removed. results: 3" in dry.stdout
    done = command("cleanup_old_data", "--days", "30", "--json")
    assert json.loads(done.stdout.splitlines()[-1])["removed"]["results"] == 3
    wrong = command("cleanup_old_data", "--days", "0")
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (2, 1)


def run_migration() -> None:
    from importlib import import_module

    from django.apps import apps

    import_module("waywo_site.migrations.0006_cleanup_replaces_result_cleanup").remove(apps, None)


def test_celerys_own_clean_up_is_replaced_unless_an_operator_changed_it():
    from importlib import import_module

    from django.apps import apps

    add_schedule = import_module("waywo_site.migrations.0002_result_cleanup").add_schedule
    PeriodicTask.objects.all().delete()
    add_schedule(apps, None)
    run_migration()
    assert not PeriodicTask.objects.exists()
    add_schedule(apps, None)
    PeriodicTask.objects.update(crontab=CrontabSchedule.objects.create(hour="5", timezone="UTC"))
    run_migration()
    assert PeriodicTask.objects.count() == 1


def test_no_kind_is_of_what_must_stay():
    models = {kind.removable(NOW).model for kind in cleanup.KINDS}
    assert models.isdisjoint({Post, Comment, Project, Submission})
