"""Broker and database that go away, stand still or come back empty while work is under way."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from comments.models import Comment
from core.models import Batch
from tests.faults import work
from tests.servers.processes import Worker
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True)]

NUMBER = 12
THINKS = 0.5  # seconds for each question, so that the work lasts


def process_of(server) -> int:
    """Return the process of an embedded server, by the folder that it works in."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if (
                Path(f"/proc/{name}/cwd").resolve() == server.folder
                and "valkey" in Path(f"/proc/{name}/comm").read_text()
            ):
                return int(name)
        except OSError:
            continue  # it ended meanwhile
    raise AssertionError(f"{server.folder} has no server")


@contextmanager
def under_way(valkey, folder: Path) -> Iterator[Worker]:
    """Give a worker that reads NUMBER comments; some are read, and most are still to come."""
    ids = work.make_comments(NUMBER)
    with work.model(lambda _: THINKS) as server, Worker(folder, **work.variables(valkey.url, server)) as worker:
        work.queue(valkey.url, ids)
        wait_until(lambda: len(server.requests) >= 3, "work is under way", 90)
        yield worker


def test_a_broker_killed_and_started_under_load_costs_nothing(valkey, tmp_path, record):
    with under_way(valkey, tmp_path):
        os.kill(process_of(valkey), signal.SIGKILL)
        wait_until(lambda: not valkey.is_running(), "the broker is gone")
        valkey.ensure_running()
        seconds = work.all_read(NUMBER, time.monotonic())
    record("broker killed and started", f"{NUMBER} comments", **work.cost(NUMBER), seconds=seconds)


def test_a_broker_that_stands_still_for_45_seconds_costs_nothing(valkey, tmp_path, record):
    with under_way(valkey, tmp_path):
        broker = process_of(valkey)
        os.kill(broker, signal.SIGSTOP)
        try:
            # The fault is the length of its silence: nothing else ends it.
            threading.Event().wait(45)
        finally:
            os.kill(broker, signal.SIGCONT)
        seconds = work.all_read(NUMBER, time.monotonic())
    record("broker stands still for 45 s", f"{NUMBER} comments", **work.cost(NUMBER), seconds=seconds)


def test_a_broker_that_comes_back_empty_costs_nothing(valkey, tmp_path, record):
    with under_way(valkey, tmp_path):
        os.kill(process_of(valkey), signal.SIGKILL)
        wait_until(lambda: not valkey.is_running(), "the broker is gone")
        shutil.rmtree(valkey.folder / "appendonlydir")
        valkey.ensure_running()
        began = time.monotonic()
        # A minute later, as the reconciler sees it: what was sent so long ago and not begun is no longer on its way.
        Batch.objects.update(created_at=timezone.now() - timedelta(seconds=61))
        wait_until(lambda: not Comment.objects.filter(status="processing").exists(), "what was held ends", 60)
        work.reconcile(valkey.url)
        seconds = work.all_read(NUMBER, began)
    record("broker back empty (+ up to 120 s)", f"{NUMBER} comments", **work.cost(NUMBER), seconds=seconds)


def test_a_database_stopped_and_started_under_load_costs_nothing(valkey, tmp_path, record):
    database = settings.EMBEDDED_POSTGRESQL
    with under_way(valkey, tmp_path) as worker:
        connection.close()
        try:
            database.stop()
            # The fault is the length of its absence, in which both processes come to need it.
            threading.Event().wait(10)
        finally:
            database.ensure_running()
        seconds = work.all_read(NUMBER, time.monotonic())
        assert worker.process.poll() is None
    record("database (with the results) gone for 10 s", f"{NUMBER} comments", **work.cost(NUMBER), seconds=seconds)
