"""What both embedded servers share: where they keep things, who may start and stop them, and how.

Three locks (flock) under VAR_DIR, each held by an open file and so gone with the processes that hold it:

- ``run/NAME.lock``: held while somebody looks whether to start or stop the server.
- ``run/NAME.users``: shared by every process that uses the server; when it is free the server may be stopped.
- ``NAME/alive``: inherited by the server's own processes. While it is held the server or a leftover of it
  lives, whatever a pid file says; once it is free the data belongs to whoever takes it.
"""

import atexit
import contextlib
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from waywo_site.embedded import accounts
from waywo_site.embedded.errors import DISK_FULL_SIGNS, EmbeddedError, disk_full, naming_var_dir
from waywo_site.embedded.ports import free_port, is_free
from waywo_site.embedded.server_files import ServerFiles, try_lock

START_SECONDS = 60
STOP_SECONDS = 60
# Longer than a start, for whoever waits for another process to do it.
LOCK_SECONDS = 150
POLL_SECONDS = 0.03
MOST_LAUNCHES = 5
LARGEST_LOG = 5_000_000


class Server(ServerFiles):
    """One embedded server with its state under ``var_dir``, where nothing is written before it is needed."""

    runs_as_root: bool

    def __init__(self, var_dir: Path) -> None:
        super().__init__(var_dir)
        self._users: int | None = None
        self._holder_pid: int | None = None

    # -- for users of the server -----------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where the server is, with its password. Chosen at the first call and kept in NAME/server.json.

        Raises EmbeddedError when VAR_DIR cannot be used.
        """
        raise NotImplementedError

    @property
    def held(self) -> bool:
        """Whether this process, or the one that it was forked from, keeps the server from being stopped."""
        return self._users is not None

    def is_running(self) -> bool:
        """Tell whether the server of this VAR_DIR accepts connections now."""
        with naming_var_dir(self.var_dir):
            return self._is_alive() and self._answers()

    def ensure_running(self) -> None:
        """Start the server unless it runs, and keep it running until this process ends.

        Returns when it accepts connections. Raises EmbeddedError when that takes more than a minute.
        """
        with naming_var_dir(self.var_dir):
            if self.held and self.is_running():
                return
            with self._locked():
                self._hold()
                if not self.is_running():
                    self._bring_up()

    def stop(self) -> None:
        """Stop the server, whoever uses it, and wait for its end. Does nothing when it does not run.

        Raises EmbeddedError when it is still there after a minute.
        """
        with naming_var_dir(self.var_dir), self._locked():
            self._stop()

    def release_and_stop_if_last(self) -> None:
        """Give up this process's share in the server, and stop it when no other process has one.

        Called at the end of a process that used the server. A child forked from it has no share of its own to
        give up, and its parent's stays until both have ended.
        """
        if self._users is None or self._holder_pid != os.getpid():
            return
        with naming_var_dir(self.var_dir), self._locked():
            os.close(self._users)
            self._users = None
            with self._file("users") as users, contextlib.suppress(BlockingIOError):
                # A new open file: on the old one a forked child's share would look like ours.
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._stop()

    # -- for each server to say ------------------------------------------------------------------------

    def _program(self) -> Path:
        """Return the path of the server's program, or raise EmbeddedError."""
        raise NotImplementedError

    def _data(self) -> Path:
        """Return the path in ``folder`` that is there once there is data."""
        raise NotImplementedError

    def _answers(self) -> bool:
        """Tell whether what listens on our port is this server, ready for work."""
        raise NotImplementedError

    def _prepare(self, account: accounts.Account, alive: int) -> None:
        """Make ready in ``folder`` what the program needs to start; programs run for it inherit ``alive``."""
        raise NotImplementedError

    def _command(self) -> list[str]:
        """Return the command line of the server, to be run in ``folder``."""
        raise NotImplementedError

    def _started(self) -> None:
        """Do what is to be done after each start."""

    def _clear_leftovers(self) -> None:
        """End what a killed server has left running. Called again and again while it lives but is unresponsive."""

    def _ask_to_stop(self, *, patient: bool) -> None:
        """Ask the server to end. Called again and again until it has, not ``patient`` after a while."""
        raise NotImplementedError

    # -- locks -----------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        deadline = time.monotonic() + LOCK_SECONDS
        with self._file("lock") as lock:
            while not try_lock(lock, fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    holder = os.pread(lock, 20, 0).decode(errors="replace") or "unknown"
                    raise EmbeddedError(
                        f"Process {holder} has been starting or stopping {self.title} for {LOCK_SECONDS} s: "
                        f"end it and try again. The log is {self.log}."
                    )
                time.sleep(POLL_SECONDS)
            # Only for the message above, so a disk too full for it does not matter.
            with contextlib.suppress(OSError):
                os.ftruncate(lock, 0)
                os.pwrite(lock, str(os.getpid()).encode(), 0)
            yield

    def _hold(self) -> None:
        if self.held:
            return
        users = self._open(self._run / f"{self.name}.users", os.O_RDWR)
        fcntl.flock(users, fcntl.LOCK_SH)
        self._users = users
        self._holder_pid = os.getpid()
        atexit.register(self._at_exit)

    def _at_exit(self) -> None:
        try:
            self.release_and_stop_if_last()
        except EmbeddedError as error:
            sys.stderr.write(f"Error: {error}\n")

    def _is_alive(self) -> bool:
        """Tell whether any process of the server lives."""
        try:
            alive = os.open(self.folder / "alive", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            return not try_lock(alive, fcntl.LOCK_SH)
        finally:
            fcntl.flock(alive, fcntl.LOCK_UN)
            os.close(alive)

    # -- starting and stopping -------------------------------------------------------------------------

    def _bring_up(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        self._make_folder(self.folder)
        launches = said_before = 0
        while True:
            alive = self._open(self.folder / "alive", os.O_RDWR)
            try:
                if try_lock(alive, fcntl.LOCK_EX):
                    # Died at once: of another program that took the port after we looked, or for good.
                    if launches and (is_free(self.port) or launches == MOST_LAUNCHES):
                        raise self._failure(said_before, "could not be started")
                    said_before = self._launch(alive)
                    launches += 1
            finally:
                os.close(alive)
            if self._answers():
                break
            if not launches:
                # Another's start under way, a server that was paused, or what is left of a killed one.
                self._clear_leftovers()
            if time.monotonic() > deadline:
                raise self._failure(said_before, f"does not answer after {START_SECONDS} s")
            time.sleep(POLL_SECONDS)
        if launches:
            self._started()

    def _launch(self, alive: int) -> int:
        """Start the server, which inherits the lock ``alive``; return the size of its log before (bytes)."""
        account = accounts.choose(
            self.folder, self._data(), self._program(), self.var_dir, root_will_do=self.runs_as_root
        )
        if not is_free(self.port):
            self._write_settings({**self._settings(), "port": free_port()})
        self._prepare(account, alive)
        return self._spawn(account, alive)

    def _spawn(self, account: accounts.Account, alive: int) -> int:
        if self.log.is_file() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        log = self._open(self.log, os.O_WRONLY | os.O_APPEND)
        try:
            said_before = os.fstat(log).st_size
            # The shell ends at once: the server is nobody's child (a dead one would stay our zombie), and in
            # a session of its own (Ctrl-C here is not meant for it).
            command = ["/bin/sh", "-c", '"$@" &', "sh", *account.command(self._command())]
            self._run_as(account, command, alive, stdout=log, stderr=log, start_new_session=True)
        finally:
            os.close(log)
        return said_before

    def _run_as(self, account: accounts.Account, command: list[str], alive: int, **options):
        """Run ``command`` with the account's rights in ``folder``. It inherits ``alive`` and nothing else."""
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            cwd=self.folder,
            umask=0o077,
            env=_environment(),
            pass_fds=(alive,),
            check=False,
            **account.options(),
            **options,
        )

    def _failure(self, said_before: int, what: str) -> EmbeddedError:
        words = self._last_words(said_before)
        if any(sign in words for sign in DISK_FULL_SIGNS):
            return disk_full(self.folder)
        return EmbeddedError(
            f"{self.title} {what}{words}. The log is {self.log}; with {self.variable} set it is not needed."
        )

    def _last_words(self, said_before: int) -> str:
        """Return, in brackets, the most telling line of the log after its first ``said_before`` bytes."""
        if not self.log.is_file():
            return ""
        with self.log.open("rb") as file:
            file.seek(max(said_before, self.log.stat().st_size - 20_000))
            return telling_line(file.read().decode(errors="replace"))

    def _stop(self) -> None:
        began = time.monotonic()
        while self._is_alive():
            if time.monotonic() - began > STOP_SECONDS:
                raise EmbeddedError(f"{self.title} does not stop{self._last_words(0)}: see {self.log}.")
            self._ask_to_stop(patient=time.monotonic() - began < STOP_SECONDS / 2)
            time.sleep(POLL_SECONDS)


def telling_line(output: str) -> str:
    """Return the line of a program's output that says why it ended, in brackets; nothing for no output."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for signs in (DISK_FULL_SIGNS, ("PANIC:", "FATAL:", "error:", "Fatal", "ERROR:"), ("",)):
        for line in reversed(lines):
            if any(sign in line for sign in signs):
                return f" ({line})"
    return ""


def _environment() -> dict[str, str]:
    """Return the environment of a server: none of our secrets, nor what would move it (PGDATA, PGPORT)."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LD_LIBRARY_PATH")}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}
