"""Schedules belong to the operator: beat puts none back."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import OperationalError
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule

from waywo_site.celery import app
from waywo_site.operations.health import parts
from waywo_site.running import heartbeats
from waywo_site.schedules.beat import Entry, Scheduler

# Beat closes connections, which a test inside a transaction could not survive.
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_start_of_beat_changes_no_schedule_and_brings_none_back():
    PeriodicTask.objects.all().delete()
    import_module("waywo_site.migrations.0002_result_cleanup").add_schedule(apps, None)
    Scheduler(app=app).setup_schedule()
    cleanup = PeriodicTask.objects.get(name="celery.backend_cleanup")
    assert cleanup.crontab.hour == "4"
    PeriodicTask.objects.update(queue="operations", enabled=False)
    Scheduler(app=app).setup_schedule()
    cleanup.refresh_from_db()
    assert (cleanup.queue, cleanup.enabled) == ("operations", False)
    cleanup.delete()
    Scheduler(app=app).setup_schedule()
    assert not PeriodicTask.objects.exists()


@pytest.fixture
def beat(monkeypatch):
    """Return a beat that notes what it sends, on an otherwise empty table; end every one that a test makes."""
    PeriodicTask.objects.all().delete()
    made = []

    def make() -> Scheduler:
        scheduler = Scheduler(app=app)
        scheduler.sent = []
        monkeypatch.setattr(scheduler, "apply_async", lambda entry, **_: sent_by(scheduler, entry))
        made.append(scheduler)
        return scheduler

    yield make
    for scheduler in made:
        scheduler.sync()  # else at the end of the process, when the tables are gone
        scheduler.leadership.give_up()


def sent_by(scheduler, entry):
    scheduler.reserve(entry)
    scheduler.sent.append(entry.name)


def daily(name: str, hour: int, last_run_at) -> PeriodicTask:
    crontab, _ = CrontabSchedule.objects.get_or_create(minute="0", hour=str(hour), timezone="UTC")
    task = PeriodicTask.objects.create(name=name, task="reconcile", crontab=crontab)
    PeriodicTask.objects.filter(pk=task.pk).update(last_run_at=last_run_at)
    return task


def test_of_two_beats_one_leads_and_the_other_takes_over_at_its_end(beat):
    first, second = beat(), beat()
    first.tick()
    second.tick()
    assert (first.leads, second.leads) == (True, False)
    first.leadership.give_up()
    second.tick()
    assert second.leads
    assert heartbeats.beat_last_tick() is not None


def odd_rows() -> list[PeriodicTask]:
    """Save schedules as our form would never: written by SQL, by another program or by an older version."""
    crontabs = CrontabSchedule.objects
    times = {
        "31 February": {"crontab": crontabs.create(minute="0", hour="0", day_of_month="31", month_of_year="2")},
        "an empty field": {"crontab": crontabs.create(minute="", hour="1")},
        "no field": {"crontab": crontabs.create(minute="soon", hour="1")},
        "a step of nothing": {"crontab": crontabs.create(minute="*/0", hour="1")},
        "the sun": {"solar": SolarSchedule.objects.create(event="sunrise", latitude=52, longitude=13)},
        "an interval of nothing": {"interval": IntervalSchedule.objects.create(every=0, period="minutes")},
        "an unknown period": {"interval": IntervalSchedule.objects.create(every=1, period="moons")},
        "no time": {},
    }
    PeriodicTask.objects.bulk_create(PeriodicTask(name=name, task="reconcile", **time) for name, time in times.items())
    return list(PeriodicTask.objects.filter(name__in=times))


def test_rows_that_cannot_be_read_are_left_out_and_the_others_run(beat, caplog):
    odd = odd_rows()
    now = timezone.now()
    daily("readable", (now - timedelta(hours=1)).hour, now - timedelta(hours=20))
    scheduler = beat()
    for _ in range(3):
        scheduler.tick()
    assert scheduler.sent == ["readable"]
    assert {row.name for row in odd if f"“{row.name}” is left out" not in caplog.text} == set()
    assert caplog.text.count("is left out") == len(odd)
    assert PeriodicTask.objects.filter(enabled=True).count() == len(odd) + 1
    found = parts.schedules()
    assert found.state == "degraded"
    assert "Broken: " in found.reason


def test_the_list_and_the_pages_of_unreadable_rows_open_and_say_why(admin_client):
    odd = odd_rows()
    for row in odd:
        page = admin_client.get(f"/admin/django_celery_beat/periodictask/{row.pk}/change/")
        assert page.status_code == 200, row.name
        assert "Broken: " in page.content.decode(), row.name
    listed = admin_client.get("/admin/django_celery_beat/periodictask/").content.decode()
    assert listed.count("Broken: ") == len(odd)


def test_what_fell_due_while_no_beat_ran_is_sent_once_and_then_at_its_own_time(beat):
    now = timezone.now()
    daily("missed", (now - timedelta(hours=4)).hour, now - timedelta(hours=20))
    scheduler = beat()
    for _ in range(3):
        scheduler.tick()
    assert scheduler.sent == ["missed"]
    scheduler.sync()
    scheduler.leadership.give_up()
    restarted = beat()
    restarted.tick()
    assert restarted.sent == []


def test_a_bulk_update_is_in_force_at_the_next_tick(beat):
    interval = IntervalSchedule.objects.create(every=1, period="seconds")
    PeriodicTask.objects.create(name="often", task="reconcile", interval=interval)
    PeriodicTask.objects.update(last_run_at=timezone.now() - timedelta(hours=1))
    scheduler = beat()
    scheduler.tick()
    assert scheduler.sent == ["often"]
    PeriodicTask.objects.update(enabled=False)
    scheduler.tick()
    assert "often" not in scheduler.schedule


def test_a_table_that_cannot_be_written_fires_nothing_twice(beat, monkeypatch):
    now = timezone.now()
    task = daily("once", (now - timedelta(hours=1)).hour, now - timedelta(hours=20))
    scheduler = beat()
    with monkeypatch.context() as broken:

        def refuse(self):
            raise OperationalError("no space left")

        broken.setattr(Entry, "save", refuse)
        for number in range(4):
            scheduler.tick()
            scheduler.sync()
            PeriodicTask.objects.filter(pk=task.pk).update(description=str(number), priority=number)
    assert scheduler.sent == ["once"]
    scheduler.sync()
    task.refresh_from_db()
    assert task.last_run_at > now - timedelta(minutes=1)
