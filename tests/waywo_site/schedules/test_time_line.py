"""The last runs of a schedule: how each ended, how long it took, and the times at which none came."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.urls import reverse
from django_celery_beat.models import PeriodicTask
from django_celery_results.models import TaskResult

from waywo_site.schedules import time_line, timing

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 25, 6, tzinfo=UTC)


@pytest.fixture
def schedule() -> PeriodicTask:
    hourly = timing.saved(timing.parse_timing("0 * * * *"))
    return PeriodicTask.objects.create(name="Mine", task="generate_analytics", crontab=hourly)


def ran(hour: int, status: str = "SUCCESS", seconds: float = 3.0) -> TaskResult:
    """Keep a run of the schedule, so many hours after the first."""
    at = START + timedelta(hours=hour)
    result = TaskResult.objects.create(
        task_id=f"run {hour}", periodic_task_name="Mine", status=status, result=json.dumps(None)
    )
    times = {"date_created": at, "date_started": at, "date_done": at + timedelta(seconds=seconds)}
    TaskResult.objects.filter(pk=result.pk).update(**times)
    return result


def test_runs_stand_in_their_order_with_outcome_and_duration_and_a_gap_is_skipped(schedule):
    ran(0)
    failed = ran(1, "FAILURE", 90.0)
    ran(4)
    runs = time_line.runs_of([schedule], 40)[schedule.pk]
    assert [(run.at - START) // timedelta(hours=1) for run in runs] == [0, 1, 2, 3, 4]
    assert [run.colour for run in runs] == ["success", "danger", "plain", "plain", "success"]
    assert [run.took for run in runs] == ["3.0 s", "90.0 s", "", "", "3.0 s"]
    assert [run.pk for run in runs][1:3] == [failed.pk, None]
    assert time_line.runs_of([schedule], 2)[schedule.pk] == runs[-2:]


def test_many_runs_of_many_schedules_ask_the_database_no_more_often(schedule, django_assert_max_num_queries):
    ran(0)
    other = PeriodicTask.objects.create(name="Other", task="generate_analytics", crontab=schedule.crontab)
    for hour in range(1, 8):
        ran(hour)
    TaskResult.objects.filter(task_id__in=("run 5", "run 6")).update(periodic_task_name="Other")
    with django_assert_max_num_queries(5):
        found = time_line.runs_of([schedule, other], 12)
    assert len(found[other.pk]) == 2


def test_before_its_last_change_no_run_was_skipped_and_a_run_by_hand_is_no_change(schedule, admin_user):
    ran(0)
    ran(4)
    for message, hours in (("Switched on.", 2), (time_line.BY_HAND, 4)):
        [entry] = LogEntry.objects.log_actions(
            admin_user.pk, PeriodicTask.objects.filter(pk=schedule.pk), CHANGE, message
        )
        LogEntry.objects.filter(pk=entry.pk).update(action_time=START + timedelta(hours=hours))
    runs = time_line.runs_of([schedule], 40)[schedule.pk]
    assert [(run.at - START) // timedelta(hours=1) for run in runs] == [0, 3, 4]


def test_list_and_page_show_them(admin_client, schedule):
    result = ran(0, "FAILURE")
    ran(2)
    shown = admin_client.get(
        reverse("admin:django_celery_beat_periodictask_changelist"), {"q": "Mine"}
    ).content.decode()
    assert 'aria-label="Last 3 runs: 1 failed, 1 skipped"' in shown
    assert 'title="25 Nov 2026 06:00: failed, took 3.0 s"' in shown
    page = admin_client.get(reverse("admin:django_celery_beat_periodictask_change", args=[schedule.pk]))
    assert reverse("admin:django_celery_results_taskresult_change", args=[result.pk]) in page.content.decode()
    assert "waywo-time-line" in page.content.decode()


def test_one_that_never_ran_says_so(schedule):
    runs = time_line.runs_of([schedule], 40)[schedule.pk]
    assert (time_line.strip(runs), time_line.table(runs)) == ("—", "It has not run yet.")


def test_the_path_above_a_schedule_ends_with_its_name(admin_client, schedule):
    page = admin_client.get(reverse("admin:django_celery_beat_periodictask_change", args=[schedule.pk])).text
    assert "(m/h/dM/MY/d)" not in page
    assert str(schedule) == "Mine"
