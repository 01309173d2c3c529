"""Workers that are killed, told to end, or run out of memory while they work."""

import os
import signal
import time
from contextlib import ExitStack, contextmanager

import psycopg
import pytest

from comments.models import Comment
from core.jobs import sending
from projects.models import Extraction
from tests.faults import work
from tests.servers.processes import Worker, environment
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True)]

IN_BATCH = 3


@contextmanager
def locked(table: str):
    """Hold a table so that whoever writes to it waits."""
    with psycopg.connect(environment()["DATABASE_URL"]) as holder:
        holder.execute(f"LOCK TABLE {table} IN SHARE MODE")
        yield
        holder.rollback()


@pytest.mark.parametrize("phase", ["claimed", "segmenting", "describing", "saving"])
def test_a_worker_killed_in_any_phase_of_a_comment_costs_nothing(phase, valkey, tmp_path, record, monkeypatch):
    ids = work.make_comments(IN_BATCH + 1)
    held = {"thinks": True}
    asked_first = {"segmenting": True, "describing": False}.get(phase)

    def hang(request):
        return 300.0 if held["thinks"] and work.asks_for_segments(request) is asked_first else 0.0

    tables = {"claimed": Extraction._meta.db_table, "saving": "projects_submission"}
    with work.model(hang) as server, ExitStack() as held_open:
        if table := tables.get(phase):
            held_open.enter_context(locked(table))
        # One comment by itself, the others as a batch: both kinds of task are under way.
        work.queue(valkey.url, ids[1:], by_itself=ids[0])
        with Worker(tmp_path, **work.variables(valkey.url, server)) as worker:
            if table:
                wait_until(lambda: work.sessions_that_wait() >= 2, f"two are {phase}", 90)
            else:
                wait_until(lambda: asked(server, asked_first) >= 2, f"two are {phase}", 90)
            assert Comment.objects.filter(status="processing").count() == 2
            worker.kill()
            killed = time.monotonic()
            held["thinks"] = False
            held_open.close()
            worker.start()
            seconds = work.all_read(len(ids), killed)
    record(f"kill -9 of the worker, {phase}", "2 comments", **work.cost(len(ids)), seconds=seconds)


def asked(server, first: bool | None) -> int:
    return sum(work.asks_for_segments(request) is first for request in server.requests)


def test_a_worker_that_is_told_to_end_finishes_or_hands_back(valkey, tmp_path, record):
    ids = work.make_comments(6)
    with work.model(lambda _: 1.0) as server:
        work.queue(valkey.url, ids)
        with Worker(tmp_path, **work.variables(valkey.url, server)) as worker:
            wait_until(lambda: len(server.requests) >= 2, "two are read", 90)
            asked_at = time.monotonic()
            worker.process.send_signal(signal.SIGTERM)
            worker.process.wait(timeout=45)
            stopped = time.monotonic() - asked_at
            assert not Comment.objects.filter(status="processing").exists()
            worker.start()
            work.all_read(len(ids), asked_at)
        # Each comment is two questions: a comment that was read twice would show here.
        assert len(server.requests) == 2 * len(ids)
    assert stopped <= 30
    record("SIGTERM during work (seconds to end)", "2 comments", **work.cost(len(ids)), seconds=stopped)


def test_a_comment_that_eats_all_memory_is_given_up_after_three_deaths(valkey, tmp_path, record):
    poison, *others = work.make_comments(3)
    Comment.objects.filter(pk=poison).update(text="I build Glutton (https://glutton.example), it eats memory.")

    def hang(request):
        return 300.0 if "Glutton" in request["messages"][1]["content"] else 0.0

    with work.model(hang) as server:
        work.queue(valkey.url, [poison, *others])
        began = time.monotonic()
        with Worker(tmp_path, **work.variables(valkey.url, server)) as worker:
            killed = 0

            def given_up() -> bool:
                nonlocal killed
                eaten = sum("Glutton" in request["messages"][1]["content"] for request in server.requests)
                if eaten > killed:
                    killed = eaten
                    kill_reader(poison)
                return Comment.objects.get(pk=poison).status == "failed"

            def kill_reader(comment_id: int) -> None:
                """Do to the process that reads a comment what the kernel does to one that takes all memory."""
                task_id = Comment.objects.get(pk=comment_id).claimed_by
                pid = sending.BatchTask.objects.get(pk=task_id).worker.split()[-1].partition(":")[0]
                os.kill(int(pid), signal.SIGKILL)

            wait_until(given_up, "it is given up", 120)
            seconds = time.monotonic() - began
            wait_until(lambda: work.number_read() == len(others), "the others are read", 60)
            wait_until(lambda: not sending.BatchTask.objects.open().exists(), "the batch ends", 60)
            assert worker.process.poll() is None
    assert killed == 3
    assert "died 3 times" in Comment.objects.get(pk=poison).last_error
    record("a comment eats all memory, three times", "3 comments", **work.cost(len(others)), seconds=seconds)
