"""Beats that are killed, and clocks that jump or change to summer time."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask
from django_celery_beat.tzcrontab import TzAwareCrontab
from redis import Redis

from core.locks import try_lock_session
from tests.servers.processes import ROOT, environment
from tests.waiting import wait_until
from waywo_site.celery import app
from waywo_site.schedules import beat as scheduling
from waywo_site.schedules.beat import LEADER_LOCK, Entry, Scheduler

pytestmark = [pytest.mark.django_db(transaction=True)]

EVERY = 2  # seconds


class Beat:
    """A real beat on this test's database and broker."""

    def __init__(self, folder: Path, name: str, broker: str) -> None:
        self.log = folder / f"{name}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "celery", "--app", "waywo_site", "beat", "--loglevel", "INFO", "--pidfile="],
                cwd=ROOT,
                env=environment(CELERY_BROKER_URL=broker),
                stdout=log,
                stderr=log,
            )

    def says(self, what: str) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return what in self.log.read_text()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def sent_at(broker: str) -> list[float]:
    """Return when each message in the queue was sent (seconds since 1970), in order."""
    with Redis.from_url(broker) as client:
        raw = client.lrange("waywo:waywo", 0, -1)
    return sorted(json.loads(message)["headers"]["sent_at"] for message in raw)


def test_of_two_beats_the_second_goes_on_when_the_first_is_killed(valkey, tmp_path, record):
    PeriodicTask.objects.all().delete()
    interval = IntervalSchedule.objects.create(every=EVERY, period="seconds")
    task = PeriodicTask.objects.create(name="often", task="reconcile", interval=interval)
    first = Beat(tmp_path, "first", valkey.url)
    try:
        wait_until(lambda: first.says("This beat leads"), "the first leads", 90)
        second = Beat(tmp_path, "second", valkey.url)
        try:
            wait_until(lambda: second.says("stands by"), "the second stands by", 90)
            both = len(sent_at(valkey.url))
            wait_until(lambda: len(sent_at(valkey.url)) >= both + 4, "it is sent while both run", 60)
            first.kill()
            killed = time.time()
            wait_until(lambda: sent_at(valkey.url)[-1] > killed, "the second sends", 60)
            wait_until(lambda: len([sent for sent in sent_at(valkey.url) if sent > killed]) >= 3, "it goes on", 60)
        finally:
            second.kill()
    finally:
        if first.process.poll() is None:
            first.kill()
    times = sent_at(valkey.url)
    took_over = next(sent for sent in times if sent > killed) - killed
    # Half an interval before its time is a moment that was sent twice.
    twice = sum(later - earlier < EVERY / 2 for earlier, later in pairwise(times))
    task.refresh_from_db()
    assert abs(task.total_run_count - len(times)) <= 1
    with connection.cursor() as cursor:
        assert try_lock_session(cursor, LEADER_LOCK)
    record("two beats, the leader killed", f"{len(times)} due moments", lost=0, ran_twice=twice, seconds=took_over)


class Clock:
    """The time as beat reads it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def set_in(self, monkeypatch) -> None:
        monkeypatch.setattr(Entry, "_default_now", lambda entry: self.now)
        monkeypatch.setattr(TzAwareCrontab, "nowfunc", lambda crontab: self.now.astimezone(crontab.tz))
        # Which django-celery-beat's intervals ask.
        monkeypatch.setattr("django_celery_beat.models.now", lambda: self.now)
        monkeypatch.setattr(scheduling, "_clock", lambda: self.now.timestamp())


@pytest.fixture
def beat_at(monkeypatch):
    """Return what makes a beat that reads a clock of ours and notes what it sends, and when by that clock."""
    PeriodicTask.objects.all().delete()
    made = []

    def make(now: datetime) -> tuple[Scheduler, Clock, list[tuple[str, datetime]]]:
        PeriodicTask.objects.update(last_run_at=now)
        clock, sent = Clock(now), []
        clock.set_in(monkeypatch)
        scheduler = Scheduler(app=app)
        monkeypatch.setattr(scheduler, "apply_async", lambda entry, **_: sent.append((entry.name, clock.now)))
        made.append(scheduler)
        return scheduler, clock, sent

    yield make
    for scheduler in made:
        scheduler.leadership.give_up()


def run_until(scheduler: Scheduler, clock: Clock, end: datetime, step: timedelta) -> None:
    while clock.now < end:
        while scheduler.tick() == 0:
            pass
        clock.now += step


def crontab(name: str, minute: str, hour: str, zone: str) -> None:
    schedule, _ = CrontabSchedule.objects.get_or_create(minute=minute, hour=hour, timezone=ZoneInfo(zone))
    PeriodicTask.objects.create(name=name, task="reconcile", crontab=schedule)


def test_a_clock_that_jumps_a_day_forward_and_back_silences_no_schedule(beat_at, record):
    start, step = datetime(2026, 11, 21, 10, 2, tzinfo=UTC), timedelta(minutes=5)
    crontab("hourly", "0", "*", "UTC")
    crontab("daily", "30", "12", "UTC")
    interval = IntervalSchedule.objects.create(every=30, period="minutes")
    PeriodicTask.objects.create(name="interval", task="reconcile", interval=interval)
    scheduler, clock, sent = beat_at(start)
    run_until(scheduler, clock, start + timedelta(hours=1, minutes=4), step)
    assert Counter(name for name, _ in sent) == {"hourly": 1, "interval": 2}

    clock.now += timedelta(days=1)
    del sent[:]
    run_until(scheduler, clock, clock.now + step, step)
    # What fell due in the day that was left out is sent once.
    assert Counter(name for name, _ in sent) == {"hourly": 1, "daily": 1, "interval": 1}

    clock.now -= timedelta(days=1)
    del sent[:]
    back = clock.now
    run_until(scheduler, clock, back + timedelta(hours=3), step)
    found = Counter(name for name, _ in sent)
    expected = {"hourly": 3, "daily": 1, "interval": 5}
    record(
        "clock jumps a day forward and back",
        "3 schedules",
        lost=sum(max(0, expected[name] - found[name]) for name in expected),
        ran_twice=sum(max(0, found[name] - expected[name] - (name == "interval")) for name in expected),
        seconds=0,
    )


SWITCHES = [
    ("Europe/Berlin", datetime(2026, 10, 25, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2027, 3, 28, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2027, 3, 14, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 4, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2027, 4, 4, tzinfo=UTC)),
]


def test_daylight_saving_in_three_zones_loses_no_day_and_repeats_none(beat_at, record):
    lost = twice = 0
    for zone, switch in SWITCHES:
        PeriodicTask.objects.all().delete()
        for hour in ("1", "2", "3"):
            crontab(f"at {hour}:30", "30", hour, zone)
        local = ZoneInfo(zone)
        start = datetime(switch.year, switch.month, switch.day, 12, tzinfo=local) - timedelta(days=1)
        scheduler, clock, sent = beat_at(start.astimezone(UTC))
        run_until(scheduler, clock, clock.now + timedelta(days=2), timedelta(minutes=20))
        days = Counter((name, moment.astimezone(local).date()) for name, moment in sent)
        wanted = {(f"at {hour}:30", (start + timedelta(days=day)).date()) for hour in (1, 2, 3) for day in (1, 2)}
        lost += len(wanted - set(days))
        twice += sum(number - 1 for number in days.values())
        scheduler.leadership.give_up()
    record("daylight saving, six changes in three zones", "36 due moments", lost=lost, ran_twice=twice, seconds=0)
