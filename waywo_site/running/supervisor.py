"""Runs a set of processes, starts those again that die or stop responding, and stops all in order."""

import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from waywo_site.running.log_file import LogFile

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
READY_SECONDS = 20  # that the next ones wait at most
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds before a process is started again; doubled each time
STEADY_SECONDS = 60  # who ran this long begins again with the pauses
MOST_EARLY_ENDS = 5  # so many ends in a row, each within STEADY_SECONDS: no restart will help
STOP_SECONDS = 30  # for all of them together
# A line of the log (waywo_site/logs.py: LineFormatter) that says what is done, not what goes wrong.
# What Celery says as it ends is no news to who ended it, and has a line without words before it.
DETAIL = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO) |worker: (Warm|Soft) shutdown|$")
ORDER_SECONDS = 5  # that one waits for the end of those after it; a worker at a long task holds up nobody for longer


@dataclass(frozen=True)
class Process:
    """A command with the variables it needs beside the environment's."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    # What starts after it waits for this, so that it need not share the processors meanwhile.
    is_ready: Callable[[], bool] = lambda: True
    # File descriptors that it keeps open beside those of all: the lock on one lasts until it has ended.
    held: tuple[int, ...] = ()


def _kill(popen: subprocess.Popen) -> None:
    """End a process and its children at once."""
    try:
        os.killpg(popen.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    popen.wait()


class Supervised:
    """One process that is kept alive. With ``named`` each line that it prints bears its name.

    What ``log`` keeps of its details (info and debug) is on the terminal, too, if it is to be ``verbose``.
    """

    def __init__(
        self,
        process: Process,
        folder: Path,
        *,
        named: bool,
        held: Collection[int] = (),
        log: LogFile | None = None,
        verbose: bool = True,
    ) -> None:
        self.process, self.folder, self.named, self.held, self.log = process, folder, named, held, log
        self.verbose = verbose
        self.popen: subprocess.Popen | None = None
        self.started_at = 0.0
        self.early_ends = 0
        self.due_at = 0.0

    @property
    def name(self) -> str:
        return self.process.name

    @property
    def is_running(self) -> bool:
        return self.popen is not None and self.popen.poll() is None

    @property
    def ran_for(self) -> float:
        """Seconds since its last start."""
        return time.monotonic() - self.started_at

    def start(self) -> None:
        """Start it, in a session of its own: Ctrl-C reaches the supervisor alone, which then ends all in order."""
        self.started_at = time.monotonic()
        self.popen = subprocess.Popen(
            self.process.command,
            env=os.environ | {"PYTHONUNBUFFERED": "1", "SUPERVISOR_PID": str(os.getpid())} | self.process.environment,
            cwd=self.folder,
            stdout=subprocess.PIPE if self.named else None,
            stderr=subprocess.STDOUT if self.named else None,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(*self.held, *self.process.held),
        )
        if self.named:
            threading.Thread(target=self._print, args=(self.popen,), daemon=True).start()

    def _print(self, popen: subprocess.Popen) -> None:
        for line in popen.stdout or ():
            text = line.decode("utf-8", "replace").rstrip("\n")
            if self.log:
                self.log.write(f"{self.name:<7}| {text}")
                if not self.verbose and DETAIL.match(text):
                    continue
            # Read on after the terminal is gone: a process whose output nobody takes would wait for ever.
            with suppress(OSError):
                sys.stdout.write(f"{time.strftime('%H:%M:%S')} {self.name:<7}| {text}\n")
                sys.stdout.flush()

    def send(self, number: int) -> None:
        """Send a signal to the process; it tells its own children."""
        if self.popen is not None and self.popen.poll() is None:
            self.popen.send_signal(number)

    def wait(self, seconds: float) -> bool:
        """Wait for its end, so long at most; return whether it has ended."""
        try:
            if self.popen is not None:
                self.popen.wait(timeout=max(0.1, seconds))
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        if self.popen is not None:
            _kill(self.popen)

    def note_end(self, code: int) -> bool:
        """Decide when to start it again; return False when it ends again and again at once."""
        self.early_ends = 0 if self.ran_for >= STEADY_SECONDS else self.early_ends + 1
        pause = min(FIRST_PAUSE * 2 ** max(self.early_ends - 1, 0), LONGEST_PAUSE)
        self.due_at = time.monotonic() + pause
        logger.warning("%s ended with code %s; it is started again in %.0f s.", self.name, code, pause)
        self.kill()  # children that it left behind would do their work beside its successor
        self.popen = None
        return self.early_ends < MOST_EARLY_ENDS


class Supervisor:
    """Keeps processes alive until a signal comes.

    ``unresponsive`` says of a name and of the seconds since its start whether it must be ended because it does nothing.
    With ``named`` each line that they print bears the name of its process, and is kept in ``log``, too; their details
    are kept there alone unless ``verbose``. ``held`` are file descriptors that they keep open.
    """

    def __init__(
        self,
        processes: Sequence[Process],
        folder: Path,
        unresponsive: Callable[[str, float], bool] | None,
        *,
        named: bool = True,
        held: Collection[int] = (),
        log: LogFile | None = None,
        verbose: bool = True,
    ) -> None:
        self.all = [
            Supervised(process, folder, named=named, held=held, log=log, verbose=verbose) for process in processes
        ]
        self.unresponsive = unresponsive
        self._signal = threading.Event()

    def run(self) -> int:
        """Run until a signal or a closed terminal ends it (0), or one of them cannot be kept alive (its exit code).
        Under nohup, which ignores SIGHUP, it goes on without a terminal.

        A terminal that ends sends SIGHUP to its first process alone. Where that is ``make`` (``tmux new make run``), it
        tells nobody: so we look, too, whether the terminal is still there.
        """
        under_nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        heard = SIGNALS[:-1] if under_nohup else SIGNALS
        before = {number: signal.signal(number, self._stop) for number in heard}
        has_terminal = not under_nohup and sys.stdout.isatty()
        code = 0
        try:
            for one in self.all:
                one.start()
                if self._signalled_before_ready(one):
                    break
            while not self._signal.wait(LOOK_SECONDS):
                if has_terminal and not sys.stdout.isatty():
                    break
                if code := self._look():
                    break
        finally:
            self._end_all()
            for number, handler in before.items():
                signal.signal(number, handler)
        return code

    def _signalled_before_ready(self, one: Supervised) -> bool:
        while one.is_running and one.ran_for < READY_SECONDS and not one.process.is_ready():
            if self._signal.wait(LOOK_SECONDS):
                return True
        return False

    def _stop(self, *_: object) -> None:
        self._signal.set()

    def _look(self) -> int:
        for one in self.all:
            if one.popen is None:
                if time.monotonic() >= one.due_at:
                    one.start()
            elif (code := one.popen.poll()) is not None and not one.note_end(code):
                logger.error("%s ended %s times within a minute of its start: stopping.", one.name, MOST_EARLY_ENDS)
                return code if code > 0 else 1
        return 0

    def restart_unresponsive(self) -> None:
        """End each unresponsive process; it is restarted. Called by a thread beside the loop, since it asks."""
        for one in self.all:
            # While we ask, the loop may find it ended and start its successor, which is not the one we ask about.
            popen = one.popen
            if self.unresponsive is None or popen is None or popen.poll() is not None:
                continue
            if self.unresponsive(one.name, one.ran_for) and popen.poll() is None:
                logger.error("%s takes no work any more; it is ended and started again.", one.name)
                _kill(popen)

    def _end_all(self) -> None:
        # The last first: what sends work ends before what does it.
        deadline = time.monotonic() + STOP_SECONDS
        for one in reversed(self.all):
            one.send(signal.SIGTERM)
            one.wait(min(ORDER_SECONDS, deadline - time.monotonic()))
        for one in reversed(self.all):
            if not one.wait(deadline - time.monotonic()):
                logger.warning("%s did not end within %s s: sending SIGKILL.", one.name, STOP_SECONDS)
            one.kill()
