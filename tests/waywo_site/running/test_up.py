"""The whole of Waywo as its user starts it, on servers and data of its own."""

import fcntl
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.servers.processes import ROOT
from tests.waiting import wait_until
from waywo_site.embedded.ports import is_free
from waywo_site.running.processes import holders

pytestmark = pytest.mark.process


def free_ports() -> int:
    """Return a port that is free together with the one after it, and stays so between two starts: connections of
    others take theirs from 32768 on."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("127.0.0.1", port))
                other.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


class Waywo:
    """``manage.py up`` on a VAR_DIR and a port of its own."""

    def __init__(self, var_dir: Path) -> None:
        self.var_dir = var_dir
        self.port = free_ports()
        self._log = var_dir.with_suffix(".log")
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "ENV_FILE", "FETCH_PAGES", "HN_API_BASE_URL")},
            "VAR_DIR": str(var_dir),
            "PORT": str(self.port),
        }

    @property
    def output(self) -> str:
        return self._log.read_text()

    def start(self) -> None:
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        wait_until(self.answers, "the admin answers", 60)

    def answers(self) -> bool:
        assert self.process.poll() is None, self.output
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/admin/login/").status_code == 200
        except httpx.TransportError:
            return False

    def manage(self, *arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=180)

    def titles(self) -> list[str]:
        return [json.loads(line)["title"] for line in self.manage("export_projects").stdout.splitlines()]

    def running(self) -> list[int]:
        """Return the pids of what a start of it runs and nothing else of it started."""
        return holders(self.var_dir / "run" / "up.lock")

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=90)


@pytest.fixture
def waywo(tmp_path):
    waywo = Waywo(tmp_path / "a var dir")
    yield waywo
    if waywo.process.poll() is None:
        waywo.stop()


def test_up_does_the_main_job_survives_ctrl_c_and_goes_on(waywo):
    waywo.start()
    wait_until(lambda: "sign in as admin" in waywo.output, "the password is said", 30)
    assert "Hacker News cannot be reached" in waywo.output
    password = re.search(r"sign in as admin with the password (\S+) ", waywo.output)[1]

    def pending() -> int:
        code = "from comments.models import Comment; print('left', Comment.objects.pending().count())"
        return int(re.search(r"left (\d+)", waywo.manage("shell", "-v0", "-c", code).stdout)[1])

    wait_until(lambda: "Ready: " in waywo.output, "the sample thread is read", 60)
    assert pending() == 0
    titles = waywo.titles()
    assert len(titles) > 20

    with httpx.Client(base_url=f"http://127.0.0.1:{waywo.port}", follow_redirects=True) as browser:
        login = browser.get("/admin/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', login.text)[1]
        fields = {"username": "admin", "password": password, "csrfmiddlewaretoken": token}
        assert "Log out" in browser.post("/admin/login/?next=/admin/", data=fields).text
        assert titles[0] in browser.get("/admin/projects/project/?o=1&q=" + titles[0].split()[0]).text
        styles = re.search(r'href="(/static/[^"]+\.css)"', login.text)[1]
        assert browser.get(styles).status_code == 200
    flower = f"http://127.0.0.1:{waywo.port + 1}/"
    wait_until(lambda: not is_free(waywo.port + 1), "Flower starts", 60)
    assert httpx.get(flower, timeout=30).status_code == 401
    secret = json.loads((waywo.var_dir / "secrets.json").read_text())["FLOWER_PASSWORD"]
    assert httpx.get(flower, auth=("admin", secret), follow_redirects=True).status_code == 200
    log = waywo.var_dir / "log" / "waywo.log"
    wait_until(lambda: "Looks every 60 s" in log.read_text(), "the watch over all parts starts", 60)
    assert "task ended task=process_waywo_comment" in log.read_text()
    assert "task ended" not in waywo.output, "a line for each comment is in the file alone"
    second = waywo.manage("up")
    assert second.returncode == 1
    assert f"Waywo runs already on VAR_DIR={waywo.var_dir}: stop it first (kill {waywo.process.pid})" in second.stderr

    assert "canary" not in waywo.output
    assert waywo.stop() == 0
    assert waywo.output.endswith(f"Stopped. The data stays in {waywo.var_dir}.\n")
    assert not any(name in waywo.output for name in ("Traceback", "sending SIGKILL", "Inspect method"))
    assert sorted(waywo.titles()) == sorted(titles)
    assert servers_of(waywo.var_dir) == []

    waywo.start()
    wait_until(lambda: "Sign in as before" in waywo.output, "what comes after the addresses is said", 30)
    assert "Hacker News cannot be reached" in waywo.output
    assert password not in waywo.output
    waywo.process.kill()
    waywo.process.wait()
    wait_until(lambda: waywo.running() == [], "what kill -9 left behind ends", 30)

    waywo.start()
    assert waywo.stop(signal.SIGHUP) == 0, "its terminal was closed"
    assert waywo.running() == []
    assert sorted(waywo.titles()) == sorted(titles)


def test_nothing_is_started_beside_what_an_earlier_run_left_behind(tmp_path):
    waywo = Waywo(tmp_path / "var")
    lock = tmp_path / "var" / "run" / "up.lock"
    lock.parent.mkdir(parents=True)
    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        left = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[held.fileno()])
    try:
        refused = waywo.manage("up")
    finally:
        left.communicate(b"\n")
    assert refused.returncode == 1
    assert f"(kill {left.pid})" in refused.stderr


def test_a_port_that_is_taken_is_one_line(tmp_path):
    waywo = Waywo(tmp_path / "var")
    with socket.socket() as other:
        other.bind(("127.0.0.1", waywo.port + 1))
        other.listen()
        done = waywo.manage("up")
    assert done.returncode == 1
    assert f"PORT={waywo.port}: port {waywo.port + 1} is taken" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def servers_of(var_dir: Path) -> list[str]:
    """Return the command lines of living processes that name ``var_dir``."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if str(var_dir) in line:
                found.append(line)
    return found
