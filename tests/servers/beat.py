"""A real beat for tests."""

import subprocess
import sys
from pathlib import Path

from tests.servers.processes import ROOT, end, environment
from tests.waiting import wait_until


class Beat:
    """Celery's beat as ``manage.py up`` starts it, as a context manager; ``log`` is what it said so far."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self._log = folder / "beat.log"
        self._variables = variables
        self.process: subprocess.Popen

    @property
    def log(self) -> str:
        """Return what it has printed."""
        return self._log.read_text() if self._log.exists() else ""

    def __enter__(self) -> "Beat":
        command = [sys.executable, "-m", "celery", "--app", "waywo_site", "beat", "--loglevel", "INFO", "--pidfile", ""]
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment(**self._variables), stdout=log, stderr=log
            )
        wait_until(lambda: "beat: Starting" in self.log or self.process.poll() is not None, "beat starts", 120)
        assert self.process.poll() is None, self.log
        return self

    def __exit__(self, *_: object) -> None:
        end(self.process)
