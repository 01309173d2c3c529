"""Flower as its settings start it: behind a password, on this machine alone, read-only, and with a memory."""

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest

from core.jobs import sending
from tests.servers.processes import ROOT, Worker, environment
from tests.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]
COMMAND = [sys.executable, "-m", "celery", "--app", "waywo_site", "flower", "--conf=waywo_site/flowerconfig.py"]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def flower(folder, **variables: str):
    """Start Flower and yield a client that has its password; end it in order."""
    port = free_port()
    log = folder / "flower.log"
    with log.open("a") as output:
        process = subprocess.Popen(
            COMMAND,
            cwd=ROOT,
            env=environment(VAR_DIR=str(folder / "var"), FLOWER_PORT=str(port), **variables),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return httpx.get(f"{url}/healthcheck").status_code == 200
        except httpx.TransportError:
            return False

    try:
        wait_until(answers, "Flower answers", 120)
        with httpx.Client(base_url=url, auth=("admin", "a password for tests"), timeout=30) as client:
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def test_flower_asks_for_the_password_listens_here_alone_reads_only_and_remembers(tmp_path):
    with flower(tmp_path) as client:
        assert httpx.get(f"{client.base_url}").status_code == 401
        assert httpx.get(f"{client.base_url}", auth=("admin", "wrong")).status_code == 401
        assert client.get("/", follow_redirects=True).status_code == 200
        assert client.get("/tasks").status_code == 200
        # Open by Flower's design, as docs and settings say.
        assert httpx.get(f"{client.base_url}/metrics").status_code == 200
        refused = client.post("/api/task/send-task/canary", json={"kwargs": {"queue": "waywo"}})
        assert refused.status_code in (403, 405), refused.text
        assert client.post("/api/worker/shutdown/celery@nobody").status_code in (403, 405)
        assert listening(client.base_url.port) == {"0100007F"}
    assert list((tmp_path / "var" / "flower").glob("state*"))
    assert (tmp_path / "var" / "flower").stat().st_mode & 0o077 == 0


def test_flower_counts_for_prometheus_what_all_worker_processes_did(tmp_path):
    with flower(tmp_path) as client, Worker(tmp_path, processes=2):

        def counted() -> str:
            sending.send("canary", {"queue": "waywo"})
            return httpx.get(f"{client.base_url}/metrics").text

        wait_until(lambda: re.search(r'flower_events_total{.*task="canary".*type="task-succeeded".*} [2-9]', counted()),
                   "runs are counted", 60)  # fmt: skip
        assert 'flower_task_runtime_seconds_bucket{le="+Inf",task="canary"' in counted()


def listening(port: int) -> set[str]:
    """Return the addresses at which somebody listens on a port, as the kernel writes them."""
    rows = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if os.path.exists(table):
            with open(table) as lines:
                rows += [line.split() for line in lines][1:]
    return {row[1].split(":")[0] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == port}


def test_flower_acts_where_it_is_asked_for(tmp_path):
    with flower(tmp_path, FLOWER_CONTROL="true") as client:
        # Flower knows no such worker; that it looked for one is what differs.
        assert client.post("/api/worker/shutdown/celery@nobody").status_code == 404


def test_flower_does_not_start_without_a_password_and_says_so_in_words(tmp_path):
    done = subprocess.run(
        COMMAND,
        cwd=ROOT,
        env=environment(VAR_DIR=str(tmp_path / "var"), FLOWER_BASIC_AUTH="", DEBUG="false"),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode != 0
    assert "FLOWER_BASIC_AUTH is not set" in done.stdout + done.stderr
