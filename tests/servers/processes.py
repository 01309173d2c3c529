"""Real processes of Waywo for tests: they use the test database and the suite's own Valkey."""

import contextlib
import io
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from celery import current_app
from django.conf import settings
from django.db import connection, connections
from django.test import override_settings
from redis import Redis

from manage import main
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
# Whether the test that runs is marked as one that starts processes (tests/conftest.py).
ALLOWED = False


def environment(**variables: str) -> dict[str, str]:
    """Return the environment in which a process of Waywo works on this test's database and broker."""
    assert ALLOWED, "A test that starts processes of Waywo has the marker `process`."
    url = urlsplit(settings.EMBEDDED_POSTGRESQL.url)
    database = urlunsplit(url._replace(path="/" + connection.settings_dict["NAME"]))
    return (
        os.environ
        | {
            "DATABASE_URL": database,
            "CELERY_BROKER_URL": settings.CELERY_BROKER_URL,
            "SECRET_KEY": "a key for tests",
            "FLOWER_BASIC_AUTH": "admin:a password for tests",
        }
        | variables
    )


def manage(*arguments: str, timeout: float = 180, **variables: str) -> subprocess.CompletedProcess:
    """Run ``manage.py`` with ``arguments`` to its end and return what it said."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def end(process: subprocess.Popen) -> None:
    """Ask a process to end, and end it when it does not within 30 s."""
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def empty_broker() -> None:
    """Take every message from the broker, also those that a killed worker had taken and the next would put back."""
    current_app.control.purge()
    with Redis.from_url(settings.EMBEDDED_VALKEY.url) as client:
        for key in client.scan_iter("*unacked*"):
            client.delete(key)


@contextlib.contextmanager
def of_these_settings(names: Iterable[str]) -> Iterator[None]:
    """Let what this process keeps of the settings ``names`` be made again, before and after."""
    from projects.extraction.reading import get_analyst
    from projects.language.embeddings import get_embedder
    from projects.language.model import get_language_model

    kept = {"LLM_": (get_analyst, get_language_model), "EMBEDDING_": (get_embedder,)}
    changed = [made for start, them in kept.items() if any(name.startswith(start) for name in names) for made in them]
    for made in changed:
        made.cache_clear()
    yield
    for made in changed:
        made.cache_clear()


def command(*arguments: str, **changed: Any) -> subprocess.CompletedProcess:
    """Run ``manage.py`` with ``arguments`` in this process, under ``changed`` settings, and return what it said."""
    with (
        override_settings(**{"FLOWER_BASIC_AUTH": "admin:a password for tests"} | changed),
        of_these_settings(changed),
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(io.StringIO()) as stdout,
        contextlib.redirect_stderr(io.StringIO()) as stderr,
    ):
        patch.setattr(sys, "argv", ["manage.py", *arguments])
        patch.setattr(signal, "signal", lambda *_: None)
        # At its end a command closes the connection, which is still the test's.
        patch.setattr(connections, "close_all", lambda: None)
        code, handlers = None, logging.root.handlers[:]
        try:
            main()
        except SystemExit as end:
            code = end.code
        finally:
            # A command sets up logging to what it prints on, without the handlers of pytest.
            logging.root.handlers[:] = handlers
    return subprocess.CompletedProcess(arguments, code or 0, stdout.getvalue(), stderr.getvalue())


class Worker:
    """A Celery worker for all queues, as a context manager; ``log`` is what it said so far.

    It has so many ``processes``, or as many as it needs: the most and the least where it is to ``autoscale``.
    """

    def __init__(self, folder: Path, *, processes: int = 2, autoscale: str = "", **variables: str) -> None:
        self._log = folder / "worker.log"
        self._pool = ["--autoscale", autoscale] if autoscale else ["--concurrency", str(processes)]
        self._variables = variables
        self.process: subprocess.Popen

    @property
    def log(self) -> str:
        """Return what the worker has printed."""
        return self._log.read_text() if self._log.exists() else ""

    def start(self) -> None:
        """Start it and wait until it takes work."""
        queues = ",".join(settings.QUEUE_TIME_LIMITS)
        command = [sys.executable, "-m", "celery", "--app", "waywo_site", "worker", "--queues", queues]
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                [*command, *self._pool, "--loglevel", "INFO"],
                cwd=ROOT,
                env=environment(**self._variables),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        started = self.log.count(" ready.")

        def is_ready_or_ended() -> bool:
            return self.log.count(" ready.") > started or self.process.poll() is not None

        wait_until(is_ready_or_ended, "the worker starts", 120)
        assert self.process.poll() is None, self.log

    def kill(self) -> None:
        """End it and its children at once, as a power cut does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def __enter__(self) -> "Worker":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.kill()
