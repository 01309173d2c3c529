"""The supervisor on real processes: small ones that die, that are stopped, and that do not want to end."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.servers.processes import ROOT
from tests.waiting import wait_until
from waywo_site.running import processes
from waywo_site.running.log_file import LogFile
from waywo_site.running.supervisor import Process, Supervised, Supervisor

pytestmark = pytest.mark.process

STAYS = "import os, time; print(f'pid {os.getpid()}', flush=True); time.sleep(600)"
ENDS_SOFTLY = (
    "import signal, sys, time; from pathlib import Path\n"
    "def end(*_):\n"
    "    time.sleep(float(sys.argv[3]))\n"
    "    with Path(sys.argv[1]).open('a') as ended: ended.write(sys.argv[2] + '\\n')\n"
    "    sys.exit(0)\n"
    "signal.signal(signal.SIGTERM, end); print('up', flush=True); time.sleep(600)"
)
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)
LEAVES_A_CHILD = (
    "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
    "print(f'child {child.pid}', flush=True); sys.exit(3)"
)

RUN = """
import json, sys, threading, time
from pathlib import Path
from waywo_site.running import supervisor
from waywo_site.running.supervisor import Process, Supervisor
supervisor.STOP_SECONDS = float(sys.argv[1])
supervisor.FIRST_PAUSE = float(sys.argv[2])
unresponsive_file = Path(sys.argv[3])
programs = [part.split("=", 1) for part in sys.argv[4:]]
one = Supervisor(
    [Process(name, [sys.executable, "-c", *json.loads(words)]) for name, words in programs],
    Path.cwd(),
    lambda name, ran_for: unresponsive_file.exists() and unresponsive_file.read_text() == name,
)
def watch():
    while True:
        time.sleep(0.1)
        if unresponsive_file.exists():
            one.restart_unresponsive()
            unresponsive_file.unlink()
threading.Thread(target=watch, daemon=True).start()
sys.exit(one.run())
"""


class Supervising:
    """A supervisor as a process of its own, in the shape of ``manage.py up``; ``log`` is what it and its own said."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.unresponsive = folder, folder / "unresponsive"

    def start(self, stop_seconds: float = 30, first_pause: float = 0.2, **programs: list[str]) -> None:
        words = [f"{name}={json.dumps(program)}" for name, program in programs.items()]
        with (self.folder / "log").open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", RUN, str(stop_seconds), str(first_pause), str(self.unresponsive), *words],
                cwd=ROOT,
                stdout=output,
                stderr=output,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def numbers(self, word: str = "pid") -> list[int]:
        """Return the process numbers that were said after ``word`` so far."""
        return [int(line.rsplit(" ", 1)[1]) for line in self.log.splitlines() if f"| {word} " in line]

    def ended(self, seconds: float = 60) -> int:
        return self.process.wait(timeout=seconds)


@pytest.fixture
def supervising(tmp_path):
    one = Supervising(tmp_path)
    yield one
    if one.process.poll() is None:
        one.process.send_signal(signal.SIGTERM)
        one.ended()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_process_that_dies_is_started_again_and_the_others_go_on(supervising):
    supervising.start(one=[STAYS], other=[STAYS])
    first = wait_until(lambda: len(found := supervising.numbers()) == 2 and found, "both start")
    killed = first[0]
    os.kill(killed, signal.SIGKILL)
    third = wait_until(lambda: supervising.numbers()[2:], "it is started again")[0]
    assert not is_alive(killed)
    assert all(is_alive(pid) for pid in {*first, third} - {killed})
    assert "ended with code -9; it is started again in" in supervising.log


def test_a_process_that_is_unresponsive_is_ended_with_its_children_and_started_again(supervising):
    supervising.start(worker=[STAYS], web=[STAYS])
    first = wait_until(lambda: len(found := supervising.numbers()) == 2 and found, "both start")
    (worker,) = [
        int(line.rsplit(" ", 1)[1]) for line in supervising.log.splitlines() if "worker" in line and "pid" in line
    ]
    os.kill(worker, signal.SIGSTOP)  # it cannot even take a SIGTERM
    supervising.unresponsive.write_text("worker")
    again = wait_until(lambda: supervising.numbers()[2:], "it is started again")[0]
    assert not is_alive(worker)
    assert is_alive(again)
    (web,) = set(first) - {worker}
    assert is_alive(web)
    assert "worker takes no work any more; it is ended and started again." in supervising.log


def test_what_dies_at_once_is_started_again_later_each_time_and_after_five_times_all_stops(supervising):
    started = time.monotonic()
    supervising.start(first_pause=0.2, broken=["raise SystemExit(7)"], other=[STAYS])
    assert supervising.ended() == 7
    assert time.monotonic() - started > 0.2 + 0.4 + 0.8 + 1.6
    assert supervising.log.count("broken ended with code 7") == 5
    assert "broken ended 5 times within a minute of its start: stopping." in supervising.log
    assert not any(is_alive(pid) for pid in supervising.numbers())


def test_children_that_a_dead_process_left_do_no_work_beside_its_successor(supervising):
    supervising.start(parent=[LEAVES_A_CHILD])
    children = wait_until(lambda: len(found := supervising.numbers("child")) >= 2 and found, "it is started again")
    wait_until(lambda: not is_alive(children[0]), "the child of the first is ended")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_lets_each_end_its_work_the_last_first_and_is_no_failure(supervising, tmp_path, number):
    ended = tmp_path / "ended"
    # The last one takes its time: those before it, which do what it sends, end after it.
    seconds = {"web": "0", "worker": "0.3", "beat": "1"}
    supervising.start(**{name: [ENDS_SOFTLY, str(ended), name, slow] for name, slow in seconds.items()})
    wait_until(lambda: supervising.log.count("| up") == 3, "all start")
    supervising.process.send_signal(number)
    assert supervising.ended() == 0
    assert ended.read_text().split() == ["beat", "worker", "web"]
    assert "ended with code" not in supervising.log
    assert "SIGKILL" not in supervising.log


def test_a_closed_terminal_ends_all_though_no_signal_tells_it(tmp_path):
    """As where ``make`` is the terminal's first process: it alone gets SIGHUP, and passes it on to nobody."""
    terminal, ours = os.openpty()
    command = [sys.executable, "-c", RUN, "30", "0.2", str(tmp_path / "unresponsive")]
    one = subprocess.Popen([*command, f"web={json.dumps([STAYS])}"], cwd=ROOT, stdout=ours, start_new_session=True)
    os.close(ours)
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        said = b""
        while not said.endswith(b"\n"):
            said += screen.read(1000)
    web = int(said.split()[-1])
    assert one.wait(timeout=60) == 0
    assert not is_alive(web)


def test_who_does_not_end_in_time_is_killed_and_named(supervising):
    supervising.start(stop_seconds=1, stubborn=[STUBBORN])
    wait_until(lambda: "| up" in supervising.log, "it starts")
    supervising.process.send_signal(signal.SIGINT)
    assert supervising.ended() == 0
    assert "stubborn did not end within 1.0 s: sending SIGKILL." in supervising.log


@pytest.mark.parametrize("is_started_again", [False, True])
def test_a_process_that_ends_while_it_is_asked_about_takes_nobody_along(tmp_path, is_started_again):
    def unresponsive(name: str, ran_for: float) -> bool:
        # What the loop does meanwhile.
        one.popen.kill()
        one.note_end(one.popen.wait())
        if is_started_again:
            one.start()
        return True

    supervisor = Supervisor([Process("worker", [sys.executable, "-c", STAYS])], tmp_path, unresponsive)
    (one,) = supervisor.all
    one.start()
    try:
        supervisor.restart_unresponsive()
        assert one.is_running == is_started_again
    finally:
        if one.popen is not None:
            one.kill()


def test_a_look_that_fails_is_logged_and_the_next_one_comes(monkeypatch, caplog):
    looks = []

    def watch() -> None:
        looks.append(time.monotonic())
        if len(looks) == 1:
            raise RuntimeError("a disk that is full")
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(processes, "WATCH_SECONDS", 0.1)
    giving_up = threading.Timer(20, os.kill, (os.getpid(), signal.SIGTERM))
    giving_up.start()
    try:
        assert processes.run([Process("web", [sys.executable, "-c", STAYS])], watch) == 0
    finally:
        giving_up.cancel()
    assert len(looks) >= 2
    assert "a disk that is full" in caplog.text


def test_the_next_process_starts_when_the_one_before_is_ready(tmp_path, monkeypatch):
    looks = []

    def is_ready() -> bool:
        looks.append(supervisor.all[1].popen)
        return len(looks) == 3

    web = Process("web", [sys.executable, "-c", STAYS], is_ready=is_ready)
    supervisor = Supervisor([web, Process("worker", [sys.executable, "-c", "pass"])], tmp_path, None)
    monkeypatch.setattr(supervisor, "_look", lambda: 7)
    assert supervisor.run() == 7
    assert looks == [None, None, None]
    assert supervisor.all[1].started_at


@pytest.mark.parametrize("verbose", [True, False])
def test_details_are_kept_in_the_file_and_on_the_terminal_where_asked_for(tmp_path, capsys, verbose):
    at = "2026-11-26 07:00:00,123"
    details = [f"{at} INFO waywo: read", "", "worker: Warm shutdown (MainProcess)"]
    lines = [*details, f"{at} WARNING waywo: hot", "Traceback", "INFO of another", "end"]
    program = Process("worker", [sys.executable, "-c", f"print(*{lines!r}, sep='\\n')"])
    log = LogFile(tmp_path / "waywo.log")
    Supervised(program, tmp_path, named=True, log=log, verbose=verbose).start()
    shown: list[str] = []

    def ended() -> bool:
        shown.extend(capsys.readouterr().out.splitlines())
        return any(line.endswith("| end") for line in shown)

    wait_until(ended, "its last line is shown")
    assert [line.split("| ")[1] for line in shown] == (lines if verbose else lines[len(details) :])
    assert [line.split("| ")[1] for line in log.path.read_text().splitlines()] == lines
