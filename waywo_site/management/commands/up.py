import fcntl
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from comments.sources.known_threads import ThreadsFileError, known_threads
from core.commands import WaywoCommand
from waywo_site import environment
from waywo_site.embedded import EmbeddedError
from waywo_site.running import first_run, processes
from waywo_site.running.console import Console, Passwords

logger = logging.getLogger(__name__)


class Command(WaywoCommand):
    help = "Run everything: web, worker, beat, Flower, health; with PostgreSQL and Valkey where no URL is set."

    def handle(self, *args: Any, **options: Any) -> None:
        with self._alone() as lock:
            self._run(lock)

    @contextmanager
    def _alone(self) -> Iterator[int]:
        """Refuse to run a second time on one VAR_DIR: two beats fire every schedule twice. Yields the lock's file.

        Every process that is started holds it, too, so that none is started beside what an earlier run left behind.
        """
        folder = settings.VAR_DIR / "run"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (folder / "up.lock").open("a")
        except OSError as error:
            raise CommandError(f"VAR_DIR={settings.VAR_DIR} cannot be used: {error.strerror}.") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise CommandError(self._says_who_runs(Path(lock.name))) from error
            yield lock.fileno()

    def _says_who_runs(self, lock: Path) -> str:
        pids = processes.holders(lock)
        stop = f": stop it first (kill {' '.join(map(str, pids))})" if pids else ": stop it first"
        return f"Waywo runs already on VAR_DIR={settings.VAR_DIR}{stop}, or set another VAR_DIR and PORT."

    def _run(self, lock: int) -> None:
        self._refuse_taken_ports()
        try:
            known_threads()
        except ThreadsFileError as error:
            raise CommandError(str(error)) from error
        flower_password, is_new = environment.flower_password(
            settings.FLOWER_BASIC_AUTH, settings.DEBUG, settings.SECRETS_FILE
        )
        self._say("Starting the database and the broker …")
        self._start_servers()
        self._say("Bringing the database up to date …")
        call_command("migrate", verbosity=0, interactive=False)
        passwords = Passwords(first_run.ensure_superuser(), flower_password if is_new else None)
        self._say("Starting Waywo …")
        all_of_it = [processes.web(), processes.worker(), processes.beat(), processes.flower(flower_password)]
        with Console(self._say, passwords):
            code = processes.run([*all_of_it, processes.health()], watch=self._keep_servers, held=(lock,))
        if code:
            sys.exit(code)
        self._say(f"Stopped. The data stays in {settings.VAR_DIR}.")

    def _say(self, line: str) -> None:
        # A closed terminal takes no line, and everything still ends in order.
        with suppress(OSError):
            self.stdout.write(line)
            self.stdout.flush()

    def _refuse_taken_ports(self) -> None:
        for port in processes.taken_ports():
            raise CommandError(
                f"PORT={settings.PORT}: port {port} is taken (the admin uses PORT, Flower PORT + 1): "
                f"stop what listens there, or set another PORT."
            )

    def _start_servers(self) -> None:
        for server in (settings.EMBEDDED_POSTGRESQL, settings.EMBEDDED_VALKEY):
            if server is not None:
                server.ensure_running()

    def _keep_servers(self) -> None:
        """Start an embedded server again that died; the other processes find it at the same address."""
        try:
            self._start_servers()
        except EmbeddedError as error:
            logger.error("%s", error)
