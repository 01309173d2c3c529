"""A worker of its own, as further machines and containers run it."""

import os
import re
import signal
import subprocess
import sys

import pytest
from celery import current_app
from django.conf import settings

from tests.servers.processes import ROOT, command, environment
from tests.waiting import wait_until
from waywo_site.operations.health.parts import queues_served
from waywo_site.running import processes, worker_names
from waywo_site.running.queues import workers

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]


def test_it_serves_its_queues_comes_back_when_it_is_killed_and_ends_when_it_is_told_to(tmp_path):
    log = tmp_path / "log"
    command = [sys.executable, "manage.py", "run_worker", "--queues", "extraction,priority", "--concurrency", "1"]
    with log.open("w") as output:
        runner = subprocess.Popen(
            command, cwd=ROOT, env=environment(LOG_FORMAT="json"), stdout=output, stderr=output, start_new_session=True
        )
    try:
        wait_until(lambda: " ready." in log.read_text(), "it starts", 60)
        inspect = current_app.control.inspect(timeout=2)
        [served] = wait_until(inspect.active_queues, "it answers").values()
        assert {queue["name"] for queue in served} == {"extraction", "priority"}
        [stats] = inspect.stats().values()
        os.kill(stats["pid"], signal.SIGKILL)
        wait_until(lambda: log.read_text().count(" ready.") == 2, "it is started again", 60)
        runner.terminate()
        assert runner.wait(60) == 0
    finally:
        if runner.poll() is None:
            os.killpg(runner.pid, signal.SIGKILL)
    lines = [line for line in log.read_text().splitlines() if " ready." in line]
    assert all(line.startswith("{") for line in lines), lines


def test_two_workers_of_one_machine_are_both_seen_and_all_their_queues_count_as_served(tmp_path):
    ours = ["extraction", "priority"]
    served = (ours, [name for name in settings.QUEUE_TIME_LIMITS if name not in ours])
    log = tmp_path / "log"
    with log.open("w") as output:
        runners = [
            subprocess.Popen(
                [sys.executable, "manage.py", "run_worker", "--queues", ",".join(names), "--concurrency", "1"],
                cwd=ROOT,
                env=environment(),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            for names in served
        ]
    try:
        wait_until(lambda: log.read_text().count(" ready.") == 2, "both start", 240)
        found = wait_until(lambda: len(seen := workers()) == 2 and seen, "both answer", 60)
        assert {frozenset(worker.queues) for worker in found} == set(map(frozenset, served))
        assert all(re.fullmatch(r"celery(-\d+)?@.+", worker.name) for worker in found)
        assert queues_served().reason == "Each has a worker."
        assert "DuplicateNodenameWarning" not in log.read_text()
    finally:
        for runner in runners:
            runner.terminate()
        for runner in runners:
            runner.wait(60)


def test_a_name_is_free_again_once_its_worker_has_ended():
    broker = f"redis://nowhere/{os.getpid()}"
    name, held = worker_names.take_name(broker)
    other, held_too = worker_names.take_name(broker)
    assert (name, other) == ("celery", "celery-2")
    assert worker_names.take_name(f"{broker}1")[0] == "celery"  # of another broker
    os.close(held)
    assert worker_names.take_name(broker)[0] == "celery"
    os.close(held_too)


def test_without_a_folder_for_it_a_name_is_the_number_of_the_process(monkeypatch, tmp_path):
    monkeypatch.setattr(worker_names.tempfile, "gettempdir", lambda: str(tmp_path / "none"))
    assert worker_names.take_name("redis://nowhere") == (f"celery-{os.getpid()}", None)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--queues", "extractoin"),
        ("--queues", ","),
        ("--concurrency", "0"),
        ("--autoscale", "3,10"),
        ("--max-tasks-per-child", "abc"),
        ("--max-memory-per-child", "12000"),
    ],
)
def test_what_it_cannot_do_is_one_line_that_names_it(option, value):
    done = command("run_worker", option, value)
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: {option}={value!r} is invalid: it expects ")
    assert done.stderr.count("\n") == 1


def test_a_number_of_processes_and_a_range_of_them_are_not_given_together():
    done = command("run_worker", "--concurrency", "2", "--autoscale", "10,3")
    assert done.returncode == 2
    assert "--concurrency and --autoscale are both given: give one of the two." in done.stderr


def after(process, option):
    """Return what stands behind ``option`` in the command line of a process, None where it is not in it."""
    return process.command[process.command.index(option) + 1] if option in process.command else None


def test_variables_hold_unless_an_option_is_given(settings):
    settings.WORKER_QUEUES, settings.WORKER_AUTOSCALE = ["extraction", "priority"], (10, 3)
    worker = processes.worker()
    assert (after(worker, "--queues"), after(worker, "--autoscale")) == ("extraction,priority", "10,3")
    assert after(worker, "--concurrency") is None
    worker = processes.worker(queues=["waywo"], concurrency=1, max_tasks_per_child=5, max_memory_per_child=300_000)
    assert (after(worker, "--queues"), after(worker, "--concurrency")) == ("waywo", "1")
    assert after(worker, "--autoscale") is None
    assert (after(worker, "--max-tasks-per-child"), after(worker, "--max-memory-per-child")) == ("5", "300000")
