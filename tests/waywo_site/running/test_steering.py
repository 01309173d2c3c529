"""Seeing and steering what the workers do, by command, on one real worker with two processes."""

import json
import os
import pickle
import pty
import re
import select
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from celery import current_app
from celery.exceptions import QueueNotFound
from celery.result import AsyncResult
from django.conf import settings
from django.db import connection
from django.utils import timezone

from comments.models import Comment
from core.jobs import following, sending
from tests.factories import make_comment
from tests.servers.hackernews import HackerNewsServer
from tests.servers.loopback import Fault
from tests.servers.processes import ROOT, Worker, command, empty_broker, environment, manage
from tests.servers.threads import generate_thread
from tests.waiting import wait_until
from waywo_site.models import Heartbeat
from waywo_site.running import heartbeats, processes, queues

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def slow_server():
    """Hacker News that answers nothing until it is healed: its tasks are under way meanwhile."""
    with HackerNewsServer(generate_thread(3, seed=1)) as server:
        yield server


@pytest.fixture(scope="module")
def running(slow_server, tmp_path_factory, django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        empty_broker()
        with Worker(tmp_path_factory.mktemp("worker"), HN_API_BASE_URL=slow_server.item_api) as worker:
            yield worker


@pytest.fixture
def worker(running, slow_server):
    """Give a test the worker, with nothing to do and every queue served; leave it so."""
    yield running
    slow_server.heal()
    for queue in queues.paused():
        queues.resume(queue)
    current_app.control.purge()
    inspect = current_app.control.inspect(timeout=2, limit=1)
    wait_until(lambda: (found := inspect.active()) and not any(found.values()), "the worker is idle", 60)


def queue_states() -> dict[str, dict]:
    done = command("queues", "--json")
    assert done.returncode == 0, done.stderr
    return {state["name"]: state for state in json.loads(done.stdout.splitlines()[-1])}


def stuck(server: HackerNewsServer, number: int) -> list[str]:
    """Send tasks that wait for ``server``, and return their ids."""
    server.fail(None, Fault.HANG)
    return [sending.send("process_waywo_post", {"post_id": 1000 + place}) for place in range(number)]


def active_tasks() -> set[str]:
    found = current_app.control.inspect(timeout=2, limit=1).active() or {}
    return {task["id"] for tasks in found.values() for task in tasks}


# -- signs of life -------------------------------------------------------------------------------------------------


def test_a_canary_comes_back_through_every_queue(worker):
    assert set(heartbeats.send_canaries()) == set(settings.QUEUE_TIME_LIMITS)
    wait_until(lambda: all(canary.done_at for canary in heartbeats.canaries()), "all canaries are back")
    assert all(0 <= canary.age_seconds < 60 for canary in heartbeats.canaries())
    assert {"queue", "sent_at", "done_at", "age_seconds"} == set(vars(heartbeats.canaries()[0]))


def test_a_canary_that_still_waits_is_not_sent_again_until_it_is_lost(worker):
    queues.pause("generation")
    assert "generation" not in heartbeats.send_canaries()
    queues.resume("generation")
    Heartbeat.objects.update_or_create(name="canary:generation", defaults={"sent_at": timezone.now(), "done_at": None})
    assert "generation" not in heartbeats.send_canaries()
    lost = timezone.now() - timedelta(seconds=heartbeats.CANARY_EXPIRES + 1)
    Heartbeat.objects.filter(name="canary:generation").update(sent_at=lost)
    assert "generation" in heartbeats.send_canaries()


def all_canaries_are_late() -> None:
    heartbeats.note_tick()
    late = timezone.now() - timedelta(seconds=processes.UNRESPONSIVE_SECONDS + 60)
    for queue in settings.QUEUE_TIME_LIMITS:
        Heartbeat.objects.update_or_create(name=f"canary:{queue}", defaults={"sent_at": late, "done_at": None})


def test_a_worker_that_is_stopped_or_consumes_nothing_is_unresponsive_and_one_that_works_is_not(worker, slow_server):
    long = processes.UNRESPONSIVE_SECONDS + 1
    heartbeats.note_tick()
    heartbeats.send_canaries()
    wait_until(lambda: all(canary.done_at for canary in heartbeats.canaries()), "all canaries are back")
    assert not processes.is_unresponsive("worker", long)

    all_canaries_are_late()
    os.kill(worker.process.pid, signal.SIGSTOP)
    try:
        assert processes.is_unresponsive("worker", long)
        assert not processes.is_unresponsive("worker", 10)  # it may still be starting
        assert not processes.is_unresponsive("web", long)
    finally:
        os.kill(worker.process.pid, signal.SIGCONT)

    for queue in settings.QUEUE_TIME_LIMITS:
        current_app.control.cancel_consumer(queue)
    assert processes.is_unresponsive("worker", long)
    for queue in settings.QUEUE_TIME_LIMITS:
        queues.resume(queue)

    stuck(slow_server, 2)
    wait_until(lambda: len(active_tasks()) == 2, "both processes are busy")
    assert not processes.is_unresponsive("worker", long)  # its canaries wait behind the work


def test_a_worker_for_some_queues_is_unresponsive_by_those_alone(worker):
    long = processes.UNRESPONSIVE_SECONDS + 1
    heartbeats.note_tick()
    heartbeats.send_canaries()
    wait_until(lambda: all(canary.done_at for canary in heartbeats.canaries()), "all canaries are back")
    late = timezone.now() - timedelta(seconds=long)
    Heartbeat.objects.filter(name="canary:extraction").update(sent_at=late, done_at=None)
    # A worker is at a canary for a moment longer than that takes to note that it is back.
    wait_until(lambda: processes.is_unresponsive("worker", long, ["extraction"]), "it is seen")
    assert not processes.is_unresponsive("worker", long, ["collection", "priority"])
    assert not processes.is_unresponsive("worker", long)


def no_canary_is_sent_any_more() -> None:
    """The last ones came through, and that was long ago."""
    heartbeats.note_tick()
    long_ago = timezone.now() - timedelta(hours=1)
    came = {"sent_at": long_ago, "done_at": long_ago + timedelta(seconds=1)}
    for queue in settings.QUEUE_TIME_LIMITS:
        Heartbeat.objects.update_or_create(name=f"canary:{queue}", defaults=came)


def test_a_worker_is_not_deaf_where_nobody_sends_canaries_or_their_sender_is_paused(worker):
    long = processes.UNRESPONSIVE_SECONDS + 1
    no_canary_is_sent_any_more()
    assert not processes.is_unresponsive("worker", long)  # their schedule is off
    Heartbeat.objects.filter(name="canary:extraction").update(sent_at=timezone.now())
    assert not processes.is_unresponsive("worker", long)  # they were sent just now
    Heartbeat.objects.update(done_at=None)
    lost = timezone.now() - timedelta(seconds=heartbeats.CANARY_EXPIRES + 1)
    Heartbeat.objects.filter(name__startswith=heartbeats.CANARY).update(sent_at=lost)
    heartbeats.note_tick()
    assert not processes.is_unresponsive("worker", long)  # they were purged with their queues, and no others followed
    all_canaries_are_late()
    queues.pause("waywo")
    assert not processes.is_unresponsive("worker", long)


def test_a_worker_that_leaves_the_sender_of_the_canaries_waiting_is_unresponsive(worker):
    no_canary_is_sent_any_more()
    for queue in settings.QUEUE_TIME_LIMITS:
        current_app.control.cancel_consumer(queue)
    inspect = current_app.control.inspect(timeout=2, limit=1)
    wait_until(lambda: not any((inspect.active_queues() or {"": [1]}).values()), "it takes from no queue")
    sent = {"sent_at": time.time() - processes.UNRESPONSIVE_SECONDS - 1}
    current_app.tasks["send_canaries"].apply_async(headers=sent)
    ran_for = processes.UNRESPONSIVE_SECONDS + 1
    try:
        # What the broker was asked for before is still given to the worker, which puts it back.
        wait_until(lambda: processes.is_unresponsive("worker", ran_for), "it is called unresponsive")
    finally:
        for queue in settings.QUEUE_TIME_LIMITS:
            queues.resume(queue)


def test_without_beat_nobody_is_called_deaf(worker):
    all_canaries_are_late()
    Heartbeat.objects.filter(name="beat").update(done_at=timezone.now() - timedelta(hours=1))
    assert not processes.is_unresponsive("worker", processes.UNRESPONSIVE_SECONDS + 1)


# -- the commands --------------------------------------------------------------------------------------------------


def test_tasks_shows_what_runs_what_is_taken_and_what_the_worker_knows(worker, slow_server):
    ids = stuck(slow_server, 6)
    wait_until(lambda: len(active_tasks()) == 2, "both processes are busy")
    done = command("tasks", "--json", "--registered")
    assert done.returncode == 0, done.stderr
    ((name, seen),) = json.loads(done.stdout.splitlines()[-1]).items()
    assert name.startswith("celery@")
    assert {task["id"] for task in seen["active"]} <= set(ids)
    assert seen["active"][0]["kwargs"]["post_id"] in range(1000, 1006)
    assert "process_waywo_post" in {word.split()[0] for word in seen["registered"]}
    # A worker takes no more than it has processes for, beside what runs: the rest is left to others.
    assert len(seen["reserved"]) <= 2
    assert queues.depth("collection") >= 2
    shown = command("tasks").stdout
    assert "running: process_waywo_post" in shown


def test_tasks_shows_what_a_worker_is_made_of_and_what_it_did(worker):
    canaries_come_back()
    done = command("tasks", "--stats", "--json")
    assert done.returncode == 0, done.stderr
    [seen] = json.loads(done.stdout.splitlines()[-1]).values()
    [told] = current_app.control.inspect(timeout=5).stats().values()
    stats = seen["stats"]
    assert {int(pid) for pid in stats["processes"]} == set(told["pool"]["processes"])
    assert all(used > 10_000_000 for used in (stats["memory"], *stats["processes"].values()))
    assert stats["totals"]["canary"] >= len(settings.QUEUE_TIME_LIMITS)
    assert (stats["autoscale"], stats["prefetch"]) == (None, 2)
    shown = command("tasks", "--stats").stdout
    assert "pool: 2 processes, holds 2 messages at most" in shown
    assert re.search(r"memory: \d+ MB, its processes \d+, \d+ MB\n  up for: \d+:\d\d:\d\d\n  begun since: ", shown), (
        shown
    )


def test_tasks_without_a_worker_names_the_way_out():
    elsewhere = settings.CELERY_BROKER_URL.rpartition("/")[0] + "/9"
    done = manage("tasks", CELERY_BROKER_URL=elsewhere)
    assert (done.returncode, done.stdout) == (1, "")
    assert "No worker answered within 2 s: start Waywo with make run" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_task_status_follows_a_task_to_its_end(worker):
    comment = make_comment()
    task_id = sending.send("process_waywo_comments", {"comment_ids": [comment.pk]})
    done = command("task_status", task_id, "--wait", "--json")
    assert done.returncode == 0, done.stderr
    state = json.loads(done.stdout.splitlines()[-1])
    assert (state["status"], state["result"]["comments_queued"]) == ("SUCCESS", 1)
    comment.refresh_from_db()
    assert comment.status == "processed"  # it followed the batch too
    failed = command("task_status", sending.send("process_waywo_comment", {"comment_id": 1}), "--wait")
    assert failed.returncode == 1
    assert "There is no comment 1" in failed.stdout
    unknown = command("task_status", "nothing")
    assert (unknown.returncode, "There is no task nothing" in unknown.stderr) == (1, True)
    assert len(unknown.stderr.splitlines()) == 1


def test_cancel_task_keeps_what_waits_from_running_and_leaves_what_runs_alone(worker, slow_server):
    busy = stuck(slow_server, 2)
    wait_until(lambda: active_tasks() == set(busy), "both processes are busy")
    comment = make_comment()
    waiting = sending.send("process_waywo_comment", {"comment_id": comment.pk})
    done = command("cancel_task", waiting)
    assert (done.returncode, done.stdout.strip()) == (0, f"Task {waiting} is cancelled.")
    refused = command("cancel_task", busy[0])
    assert refused.returncode == 1
    assert "is under way (STARTED): it ends by itself, or is ended if you say so" in refused.stderr
    unknown = command("cancel_task", "nothing")
    assert (unknown.returncode, "There is no task nothing" in unknown.stderr) == (1, True)
    batch = sending.start_batch("process_waywo_comment", [{"comment_id": comment.pk}] * 3)
    assert "3 tasks of batch" in command("cancel_task", batch.group_id).stdout

    slow_server.heal()
    after = sending.send("canary", {"queue": "extraction"}, queue="extraction")
    assert after
    wait_until(lambda: AsyncResult(busy[0]).ready() or following.task_state(busy[0]).status == "RETRY", "work ends", 60)
    wait_until(lambda: queues.depth("extraction") == 0, "the messages are taken")
    wait_until(lambda: not active_tasks(), "the worker is idle")
    assert following.task_state(waiting).status == "REVOKED"
    assert Comment.objects.get(pk=comment.pk).status == "pending"


def test_a_paused_queue_waits_others_go_on_and_resuming_does_the_rest(worker):
    paused, urgent = make_comment(author="a"), make_comment(author="b")
    done = command("queues", "--pause", "extraction")
    assert (done.returncode, done.stderr) == (0, "")
    assert "paused" in next(line for line in done.stdout.splitlines() if line.startswith("extraction"))
    assert "extraction was paused already." in command("queues", "--pause", "extraction").stderr
    waits = sending.send("process_waywo_comment", {"comment_id": paused.pk})
    overtakes = sending.send("process_waywo_comment", {"comment_id": urgent.pk}, queue="priority")
    wait_until(AsyncResult(overtakes).ready, "the urgent one is read")
    state = queue_states()["extraction"]
    assert (state["waiting"], state["is_paused"]) == (1, True)
    assert state["oldest_seconds"] >= 0
    assert "PENDING" in command("task_status", waits).stdout
    assert command("queues", "--resume", "extraction").returncode == 0
    wait_until(AsyncResult(waits).ready, "the other one is read")
    assert queue_states()["extraction"]["is_paused"] is False
    assert "extraction was not paused." in command("queues", "--resume", "extraction").stderr


def test_a_worker_that_starts_while_a_queue_is_paused_leaves_it_alone(worker, tmp_path):
    queues.pause("extraction")
    with Worker(tmp_path, processes=1) as late:
        waits = sending.send("process_waywo_comment", {"comment_id": make_comment().pk})
        overtakes = sending.send("process_waywo_comment", {"comment_id": make_comment().pk}, queue="priority")
        wait_until(AsyncResult(overtakes).ready, "the urgent one is read", 60)
        assert queues.depth("extraction") == 1
        queues.resume("extraction")
        wait_until(AsyncResult(waits).ready, "the other one is read", 60)
        assert "Traceback" not in late.log


class Relay(socketserver.BaseRequestHandler):
    """Passes a connection on to the test's PostgreSQL."""

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", settings.EMBEDDED_POSTGRESQL.port)) as far:
            ends = {self.request: far, far: self.request}
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    if not (data := end.recv(65_536)):
                        return
                    ends[end].sendall(data)


def test_a_worker_that_starts_while_the_database_is_away_leaves_a_paused_queue_alone_once_it_is_back(worker, tmp_path):
    queues.pause("extraction")
    url = urlsplit(environment()["DATABASE_URL"])
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Relay, bind_and_activate=False) as relay:
        relay.daemon_threads = True
        relay.server_bind()  # it has its port, and nobody listens there yet
        login = url.netloc.rpartition("@")[0]
        away = url._replace(netloc=f"{login}@127.0.0.1:{relay.server_address[1]}").geturl()
        with Worker(tmp_path, processes=1, DATABASE_URL=away) as late:
            wait_until(lambda: "is not known, it is asked again" in late.log, "it misses the database")
            relay.server_activate()
            threading.Thread(target=relay.serve_forever, daemon=True).start()
            wait_until(lambda: "Canceling queue extraction" in late.log, "it leaves the paused queue alone")
            assert "Signal handler" not in late.log
        relay.shutdown()


@pytest.mark.parametrize("arguments", [("queues", "--pause"), ("queues", "--resume"), ("purge_queue",)])
def test_an_unknown_queue_is_named_with_those_that_there_are(arguments):
    done = command(*arguments, "extractoin")
    assert done.returncode == 2
    assert "queue='extractoin' is invalid: it expects one of waywo, collection, extraction" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def answered(answer: str) -> tuple[int, str]:
    """Run ``purge_queue extraction`` at a terminal, type ``answer``, and return its exit code and what it said."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "purge_queue", "extraction"],
        cwd=ROOT,
        env=environment(),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    os.write(ours, f"{answer}\n".encode())
    said, _ = process.communicate(timeout=180)
    os.close(ours)
    os.close(theirs)
    return process.returncode, said


def test_purge_queue_asks_first(worker):
    queues.pause("extraction")
    for number in range(3):
        sending.send("process_waywo_comment", {"comment_id": number + 1})
    unasked = command("purge_queue", "extraction")
    assert unasked.returncode == 1
    assert "3 messages wait in extraction: give --yes" in unasked.stderr
    code, said = answered("n")
    assert (code, queues.depth("extraction")) == (1, 3)
    assert "Remove 3 waiting messages from extraction? [y/N]" in said
    assert "Nothing was removed." in said
    code, said = answered("y")
    assert (code, queues.depth("extraction")) == (0, 0)
    assert "3 messages removed from extraction." in said


# -- the settings, by what would happen without them ---------------------------------------------------------------


def test_a_message_that_is_no_json_is_refused_and_the_worker_lives(worker):
    class Evil:
        def __reduce__(self):
            return os.system, ("echo never",)

    with current_app.connection_for_write() as broker:
        producer = broker.Producer()
        queue = current_app.amqp.queues["extraction"]
        producer.publish(
            pickle.dumps(((), {"comment_id": Evil()}, {})),
            routing_key=queue.routing_key,
            exchange=queue.exchange,
            content_type="application/x-python-serialize",
            content_encoding="binary",
            headers={"task": "process_waywo_comment", "id": "evil", "lang": "py"},
        )
    wait_until(lambda: "Refusing to deserialize" in worker.log or "ContentDisallowed" in worker.log, "it is refused")
    heartbeats.send_canaries()
    wait_until(lambda: all(canary.done_at for canary in heartbeats.canaries()), "the worker goes on")
    assert queues.depth("extraction") == 0


def test_a_misspelt_queue_is_an_error_and_makes_no_queue():
    with pytest.raises(QueueNotFound):
        sending.send("process_waywo_comment", {"comment_id": 1}, queue="extractoin")


def test_every_task_has_the_limits_and_retries_of_the_table():
    for name, row in settings.TASKS.items():
        task = current_app.tasks[name]
        assert (task.soft_time_limit, task.time_limit, task.max_retries) == (row.soft, row.hard, row.retries), name


def other_connections() -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        return {pid for (pid,) in cursor.fetchall()}


def canaries_come_back() -> None:
    Heartbeat.objects.filter(name__startswith=heartbeats.CANARY).delete()
    assert set(heartbeats.send_canaries()) == set(settings.QUEUE_TIME_LIMITS)
    wait_until(lambda: all(canary.done_at for canary in heartbeats.canaries()), "all canaries are back", 60)
    wait_until(lambda: not active_tasks(), "the worker is idle", 60)


def test_a_database_connection_is_kept_from_task_to_task_and_a_dead_one_costs_no_task(worker):
    canaries_come_back()
    first = other_connections()
    canaries_come_back()
    kept = first & other_connections()
    assert len(kept) >= 2  # one for each process; that of the worker itself may change
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS pid", [list(kept)])
    wait_until(lambda: not kept & other_connections(), "the connections are gone")
    canaries_come_back()


def test_a_task_that_hangs_is_ended_at_its_soft_limit_and_the_worker_goes_on(worker, slow_server):
    stuck(slow_server, 0)
    result = current_app.tasks["process_waywo_post"].apply_async(kwargs={"post_id": 1000}, soft_time_limit=1)
    wait_until(result.ready, "it is ended", 60)
    assert (result.status, type(result.result).__name__) == ("FAILURE", "SoftTimeLimitExceeded")
    heartbeats.send_canaries()
    wait_until(lambda: all(canary.done_at for canary in heartbeats.canaries()), "the worker goes on", 60)


def test_a_task_that_heeds_no_soft_limit_is_killed_at_the_hard_one_and_not_run_again(worker, slow_server):
    stuck(slow_server, 0)
    limits = {"soft_time_limit": 8, "time_limit": 10}
    result = current_app.tasks["process_waywo_post"].apply_async(kwargs={"post_id": 1000}, **limits)
    wait_until(lambda: result.status == "STARTED", "it runs")
    (tasks,) = current_app.control.inspect(timeout=2, limit=1).active().values()
    os.kill(tasks[0]["worker_pid"], signal.SIGSTOP)
    wait_until(result.ready, "it is ended", 60)
    assert (result.status, type(result.result).__name__) == ("FAILURE", "TimeLimitExceeded")
    heartbeats.send_canaries()
    wait_until(lambda: all(canary.done_at for canary in heartbeats.canaries()), "the worker goes on", 60)
    assert result.id not in active_tasks()
    assert queues.depth("collection") == 0
