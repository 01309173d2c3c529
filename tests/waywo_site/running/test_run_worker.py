"""A worker of its own, as further machines and containers run it."""

import os
import signal
import subprocess
import sys

import pytest
from celery import current_app

from tests.servers.processes import ROOT, environment, manage
from tests.waiting import wait_until

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


@pytest.mark.parametrize("options", [("--queues", "extractoin"), ("--queues", ","), ("--concurrency", "0")])
def test_what_it_cannot_serve_is_one_line_that_names_it(options):
    done = manage("run_worker", *options)
    assert done.returncode == 2
    assert f"{options[0]}={options[1]!r} is invalid" in done.stderr
    assert "Traceback" not in done.stderr
