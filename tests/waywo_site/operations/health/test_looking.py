"""Looks at real parts: each stopped or hanging in turn."""

import json
import re
import threading
from datetime import timedelta

import pytest
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from django_celery_results.models import TaskResult

from core.models import Batch, BatchTask
from tests.servers.hackernews import HackerNewsServer
from tests.servers.llm import LLMServer
from tests.servers.loopback import Fault
from tests.servers.processes import Worker, command, manage
from waywo_site.models import Heartbeat
from waywo_site.operations.health import findings, watch
from waywo_site.operations.health.findings import OK, Finding, Part
from waywo_site.operations.health.looking import look_at
from waywo_site.running import heartbeats
from waywo_site.schedules import stored

pytestmark = pytest.mark.django_db(transaction=True)


def state(name: str) -> findings.Check:
    """Return what is seen of one part."""
    return watch.checks([name])[0]


def test_a_part_that_hangs_holds_up_no_other_and_costs_one_thread():
    released = threading.Event()

    def hang() -> Finding:
        released.wait(60)
        return Finding(OK, "It answers.")

    parts = [Part("hangs", hang, 1, "Wait."), Part("well", lambda: Finding(OK, "Yes."), 5, "")]
    threads = threading.active_count()
    for _ in range(3):
        hanging, well = look_at(parts)
        assert hanging.state == "failed"
        # It did not answer in time, and no more is known.
        assert re.fullmatch(r"Look again in a minute: .*\. If it stays so: wait\.", hanging.remedy)
        assert "No answer within 1 s" in hanging.reason
        assert (well.state, well.seconds < 1) == ("ok", True)
        assert threading.active_count() <= threads + 1
    released.set()


def test_flower_that_hangs_is_in_one_state_whether_its_look_or_the_limit_ends_first(settings):
    with HackerNewsServer([]) as server:
        settings.FLOWER_URL = server.item_api
        server.fail(None, Fault.HANG)
        (hurried,) = watch.checks(["flower"], seconds=0.1)
        assert (hurried.state, hurried.reason) == ("degraded", "No answer within 0.1 s.")
        patient = state("flower")
        assert (patient.state, "does not answer" in patient.reason) == ("degraded", True)


def test_a_bug_in_one_look_is_that_parts_failure_alone(caplog):
    def broken() -> Finding:
        raise KeyError("oops")

    found = look_at([Part("broken", broken, 1, "Tell us."), Part("well", lambda: Finding(OK, ""), 1, "")])
    assert [check.state for check in found] == ["failed", "ok"]
    assert "KeyError" in caplog.text


def test_database_and_migrations_are_well_and_say_their_figures():
    found = {check.name: check for check in watch.checks(["database", "migrations"])}
    assert {check.state for check in found.values()} == {"ok"}
    assert "connections" in found["database"].reason


def test_a_database_that_is_not_up_to_date_says_what_to_run():
    from django.db.migrations.recorder import MigrationRecorder

    row = MigrationRecorder.Migration.objects.filter(app="waywo_site").latest("name")
    row.delete()
    try:
        check = state("migrations")
    finally:
        row.save(force_insert=True)
    assert (check.state, check.remedy) == ("failed", "Run manage.py migrate.")
    assert "waywo_site" in check.reason


@pytest.mark.usefixtures("empty_queues")
@pytest.mark.process
def test_workers_and_what_each_serves(tmp_path):
    assert state("workers").state == "failed"
    assert state("queues").state == "degraded"
    with Worker(tmp_path):
        assert "serves all queues" in state("workers").reason
        assert state("queues").state == "ok"


def test_a_queue_in_which_work_waits_for_nobody_has_failed():
    from core.jobs import sending

    sending.send("process_waywo_post", {"post_id": 1})
    check = state("queues")
    assert check.state == "failed"
    assert "collection (1 wait)" in check.reason


def test_a_schedule_that_should_have_run_is_named_and_how_late_it_is():
    PeriodicTask.objects.all().delete()
    hourly = CrontabSchedule.objects.create(minute="0", timezone="UTC")
    row = PeriodicTask.objects.create(name="Hourly", task="health_check", crontab=hourly)
    PeriodicTask.objects.filter(pk=row.pk).update(date_changed=timezone.now() - timedelta(hours=30))
    check = state("schedules")
    assert check.state == "degraded"
    assert "Hourly (by " in check.reason
    assert [schedule.name for schedule, _ in stored.overdue()] == ["Hourly"]
    row.start_time = timezone.now() + timedelta(days=1)
    row.save()
    PeriodicTask.objects.filter(pk=row.pk).update(date_changed=timezone.now() - timedelta(hours=30))
    assert state("schedules").state == "ok"
    PeriodicTask.objects.update(start_time=None)
    assert state("schedules").state == "degraded"
    PeriodicTask.objects.update(enabled=False)
    assert state("schedules").state == "ok"


def test_beat_that_is_silent_has_failed():
    Heartbeat.objects.all().delete()
    assert state("beat").state == "failed"
    for seconds, expected in ((5, "ok"), (600, "failed")):
        Heartbeat.objects.update_or_create(
            name=heartbeats.BEAT, defaults={"done_at": timezone.now() - timedelta(seconds=seconds)}
        )
        assert state("beat").state == expected


def test_a_canary_that_does_not_come_through_names_its_queue():
    sent = timezone.now() - timedelta(minutes=4)
    Heartbeat.objects.update_or_create(name=f"{heartbeats.CANARY}extraction", defaults={"sent_at": sent})
    check = state("canaries")
    assert (check.state, "extraction" in check.reason) == ("failed", True)
    heartbeats.note_canary("extraction")
    assert state("canaries").state == "ok"


def test_tasks_of_batches_count_among_the_failed_and_housekeeping_does_not():
    """61 failed tasks of batches were once counted as none, among 120 canaries an hour."""
    for number in range(120):
        TaskResult.objects.create(task_id=str(number), task_name="canary", status="SUCCESS")
    assert state("tasks").reason == "0 of 0 failed in the last hour."
    batch = Batch.objects.create(group_id="one", task_name="process_waywo_comment", total=61)
    BatchTask.objects.bulk_create(
        BatchTask(batch=batch, task_id=f"b{n}", position=n, status="FAILURE", finished_at=timezone.now())
        for n in range(61)
    )
    check = state("tasks")
    assert (check.state, check.reason) == ("failed", "61 of 61 failed in the last hour.")


@pytest.mark.parametrize(("failed", "expected"), [(0, "ok"), (1, "ok"), (2, "failed")])
def test_more_than_one_in_twenty_failed_tasks_is_red(failed, expected):
    for number in range(20):
        status = "FAILURE" if number < failed else "SUCCESS"
        TaskResult.objects.create(task_id=str(number), status=status)
    assert state("tasks").state == expected


def test_hacker_news_that_lies_hangs_or_is_away_has_failed(settings):
    with HackerNewsServer([]) as server:
        settings.HN_API_BASE_URL = server.item_api
        rule = server.fail(None, Fault.answer(200, b"54321"))
        assert "54321" in state("hacker_news").reason
        for fault in (Fault.HTML, Fault.SERVER_ERROR, Fault.EMPTY, Fault.DROPPED):
            rule.stop()
            rule = server.fail(None, fault)
            assert state("hacker_news").state == "failed", fault
    assert state("hacker_news").state == "failed"


def test_the_language_model_is_there_or_what_to_do_is_said(settings):
    assert state("language_model").state == "ok"
    with LLMServer() as server:
        settings.LLM_BASE_URL, settings.LLM_MODEL = server.url, "no-such-model"
        check = state("language_model")
        assert check.state == "failed"
        assert "no-such-model" in check.reason
        assert "LLM_MODEL" in check.remedy
        settings.LLM_MODEL = "scripted"
        assert "of its answers are kept, " in state("language_model").reason


def test_the_command_exits_by_state_and_names_its_parts():
    well = command("health", "--only", "database,migrations", "--json")
    assert well.returncode == 0, well.stderr
    assert [check["name"] for check in json.loads(well.stdout)["checks"]] == ["database", "migrations"]
    degraded = command("health", "--only", "flower")
    assert degraded.returncode == 1
    assert "FLOWER_URL" in degraded.stdout
    assert command("health", "--only", "workers").returncode == 2
    wrong = command("health", "--only", "engine")
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (2, 1)
    assert "expects one of database" in wrong.stderr


@pytest.mark.process
def test_a_database_that_is_away_is_a_row_of_the_table_and_no_traceback():
    done = manage("health", DATABASE_URL="postgres://u:p@127.0.0.1:9/x")
    assert done.returncode == 2
    assert "database        failed" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
