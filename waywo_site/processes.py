"""The processes of a running Waywo, under honcho."""

import os
import shlex
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from honcho.manager import Manager

from waywo_site.embedded.ports import HOST, is_free

# Two processes: one alone gives 88 reads of the API a second on two cores, two give 200 (tests/benchmarks/api.py).
WEB_PROCESSES = 2
WEB_THREADS = 8
WATCH_SECONDS = 5


@dataclass(frozen=True)
class Process:
    """A command with the variables it needs beside the environment's."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)


def web() -> Process:
    """Return gunicorn serving the admin."""
    return Process(
        "web",
        [
            *(sys.executable, "-m", "gunicorn", "waywo_site.wsgi", "--bind", f"{HOST}:{settings.PORT}"),
            *("--workers", str(WEB_PROCESSES), "--threads", str(WEB_THREADS), "--no-control-socket"),
        ],
    )


def worker() -> Process:
    """Return a worker that serves all queues."""
    queues = ",".join(settings.QUEUE_TIME_LIMITS)
    return Process("worker", [*_celery(), "worker", "--queues", queues, "--loglevel", "INFO", "-E"])


def beat() -> Process:
    """Return beat, which sends what the schedules in the database say."""
    return Process("beat", [*_celery(), "beat", "--loglevel", "INFO", "--pidfile", ""])


def flower(password: str) -> Process:
    """Return Flower on ``flower_port()`` behind ``password`` ("user:password"), which ``ps`` does not show."""
    return Process(
        "flower",
        [*_celery(), "flower", f"--address={HOST}", f"--port={flower_port()}"],
        {"FLOWER_BASIC_AUTH": password},
    )


def _celery() -> list[str]:
    return [sys.executable, "-m", "celery", "--app", "waywo_site"]


def flower_port() -> int:
    """Return Flower's port: the one after the web server's, so that PORT moves both."""
    return settings.PORT + 1


def taken_ports() -> list[int]:
    """Return which of our two ports somebody else listens on."""
    return [port for port in (settings.PORT, flower_port()) if not is_free(port)]


def run(processes: list[Process], watch: Callable[[], None]) -> int:
    """Run the processes until a signal comes or one of them ends; return the exit code (0 after Ctrl-C).

    ``watch`` is called every 5 s meanwhile.
    """
    manager = Manager()
    for process in processes:
        environment = os.environ | {"PYTHONUNBUFFERED": "1"} | process.environment
        manager.add_process(
            process.name, "exec " + shlex.join(process.command), env=environment, cwd=str(settings.BASE_DIR)
        )
    ended = threading.Event()

    def watching() -> None:
        while not ended.wait(WATCH_SECONDS):
            watch()

    thread = threading.Thread(target=watching, name="watch", daemon=True)
    thread.start()
    try:
        manager.loop()
    finally:
        ended.set()
        thread.join()
    return 0 if manager.returncode in (130, 143) else manager.returncode or 0
