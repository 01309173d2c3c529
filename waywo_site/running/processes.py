"""The processes of a running Waywo, under a supervisor."""

import logging
import os
import socket
import sys
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

import psutil
from celery import current_app
from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.utils import timezone
from kombu.exceptions import OperationalError

from waywo_site.embedded.ports import HOST, is_free
from waywo_site.running import heartbeats
from waywo_site.running.log_file import LogFile, log_file
from waywo_site.running.queues import paused, states
from waywo_site.running.supervisor import Process, Supervisor
from waywo_site.running.worker_names import take_name

logger = logging.getLogger(__name__)

# None of them outlives the supervisor.
PYTHON = (sys.executable, "-m", "waywo_site.running.tethered")
# Two processes: one alone gives 88 reads of the API a second on two cores, two give 200 (tests/benchmarks/api.py).
WEB_PROCESSES = 2
WEB_THREADS = 8
WATCH_SECONDS = 5
HEALTH_SECONDS = 60
# No canary came through for so long, and the worker is at nothing: it is unresponsive (pitfalls, 3.2).
UNRESPONSIVE_SECONDS = 180
ANSWER_SECONDS = 5


def web() -> Process:
    """Return gunicorn serving the admin."""
    return Process(
        "web",
        [
            *(*PYTHON, "-m", "gunicorn", "waywo_site.wsgi", "--bind", f"{HOST}:{settings.PORT}"),
            *("--workers", str(WEB_PROCESSES), "--threads", str(WEB_THREADS), "--no-control-socket"),
            # A search by many tags and authors is a long address; this is the most that gunicorn takes, in bytes.
            *("--limit-request-line", "8190"),
            *("--config", str(settings.BASE_DIR / "waywo_site" / "gunicornconfig.py")),
            *("--log-level", "debug" if settings.LOG_LEVEL == "DEBUG" else "warning"),
        ],
        is_ready=web_answers,
    )


def web_answers() -> bool:
    """Return whether the web server of this machine answers."""
    host = "".join(settings.ALLOWED_HOSTS[:1]).lstrip("*.") or "localhost"
    try:
        with socket.create_connection((HOST, settings.PORT), 1) as connection:
            connection.sendall(f"GET /healthz HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            return bool(connection.recv(1))
    except OSError:
        return False


def worker(
    queues: Collection[str] | None = None,
    concurrency: int | None = None,
    autoscale: tuple[int, int] | None = None,
    max_tasks_per_child: int | None = None,
    max_memory_per_child: int | None = None,
) -> Process:
    """Return a worker; what is not given is as the variables WORKER_… say (waywo_site/worker_options.py).

    ``concurrency`` processes or ``autoscale`` (the most, the least), whichever is given: the other variable is then
    without force.
    """
    name, held = take_name(settings.CELERY_BROKER_URL)
    options = ["--queues", ",".join(queues or settings.WORKER_QUEUES), "--loglevel", settings.LOG_LEVEL, "-E"]
    options += ["--hostname", f"{name}@%h"]
    if not (concurrency or autoscale):
        concurrency, autoscale = settings.WORKER_CONCURRENCY, settings.WORKER_AUTOSCALE
    limits = {
        "--concurrency": concurrency,
        "--autoscale": ",".join(map(str, autoscale or ())),
        "--max-tasks-per-child": max_tasks_per_child,
        "--max-memory-per-child": max_memory_per_child,
    }
    options += [word for option, value in limits.items() if value for word in (option, str(value))]
    # Six lines at each start; the README names what being root means here.
    no_warning = {"PYTHONWARNINGS": "ignore:You're running the worker:UserWarning"}
    return Process("worker", [*_celery(), "worker", *options], no_warning, held=() if held is None else (held,))


def beat() -> Process:
    """Return beat, which sends what the schedules in the database say."""
    command = [*PYTHON, "-m", "waywo_site.running.beat_process"]
    # Flower, which starts next, asks the workers at once, and warns four times where none answers.
    return Process("beat", command, is_ready=a_worker_answers)


def a_worker_answers() -> bool:
    """Return whether any worker of this broker answers."""
    try:
        return bool(current_app.control.ping(timeout=1))
    except (OperationalError, OSError):
        return False


def flower(password: str) -> Process:
    """Return Flower on ``flower_port()`` behind ``password`` ("user:password"), which ``ps`` does not show."""
    return Process(
        "flower",
        [*_celery(), "flower", f"--conf={settings.BASE_DIR / 'waywo_site' / 'flowerconfig.py'}"],
        {
            "FLOWER_BASIC_AUTH": password,
            "FLOWER_ADDRESS": HOST,
            "FLOWER_PORT": str(flower_port()),
            "FLOWER_LOGGING": "error",
        },
    )


def health() -> Process:
    """Return the watch that alerts also when worker, beat, broker or database are gone."""
    command = [*PYTHON, "manage.py", "health", "--alert", "--every", str(HEALTH_SECONDS)]
    return Process("health", command)


def _celery() -> list[str]:
    return [*PYTHON, "-m", "celery", "--quiet", "--app", "waywo_site"]


def flower_port() -> int:
    """Return Flower's port: the one after the web server's, so that PORT moves both."""
    return settings.PORT + 1


def taken_ports() -> list[int]:
    """Return which of our two ports somebody else listens on."""
    return [port for port in (settings.PORT, flower_port()) if not is_free(port)]


def holders(file: Path) -> list[int]:
    """Return the pids of the processes that hold ``file`` open and that nobody else who does has started: the one to
    end, or those whose starter is gone."""
    found = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and any(Path(one.path) == file.resolve() for one in process.open_files()):
                found[process.pid] = process.ppid()
    return sorted(pid for pid, parent in found.items() if parent not in found)


def is_unresponsive(name: str, ran_for: float, queues: Collection[str] | None = None) -> bool:
    """Return whether the worker is connected and takes no work; ``queues`` are what it serves (else WORKER_QUEUES).

    That is when canaries, or the task that sends them, wait for three minutes and none came through, while it is at no
    task: a worker whose processes are all busy leaves the canary waiting too, and says so when it is asked. One of
    several workers that share their queues is not seen so: the others take its canaries.
    """
    served = set(queues or settings.WORKER_QUEUES)
    if name != "worker" or ran_for < UNRESPONSIVE_SECONDS:
        return False
    try:
        close_old_connections()
        if not _takes_nothing(served):
            return False
        active = current_app.control.inspect(timeout=ANSWER_SECONDS).active() or {}
        # Once more: a queue that was resumed just now looks the same until its first message is taken.
        return not any(active.values()) and _takes_nothing(served)
    except (DatabaseError, InterfaceError, OperationalError, OSError):
        return False  # database or broker are away: that is no fault of the worker


def _takes_nothing(served: set[str]) -> bool:
    """Return whether work that is to be taken waits for three minutes, while no canary came through.

    Canaries that are not sent are no sign: their schedule may be off, or its queue paused. An unresponsive worker sends
    none either, but then the task that would stands in its queue.
    """
    now, stopped = timezone.now(), paused()
    sender = settings.TASK_QUEUES["send_canaries"]
    tick = heartbeats.beat_last_tick()
    if sender in stopped or not tick or (now - tick).total_seconds() > UNRESPONSIVE_SECONDS:
        return False
    canaries = [canary for canary in heartbeats.canaries() if canary.queue in served - stopped]
    if any(canary.age_seconds is not None and canary.age_seconds < UNRESPONSIVE_SECONDS for canary in canaries):
        return False
    waits = {canary: (now - canary.sent_at).total_seconds() for canary in canaries if canary.sent_at}
    lately = {canary: seconds for canary, seconds in waits.items() if seconds <= heartbeats.CANARY_EXPIRES}
    if lately and all(canary.is_waiting and seconds >= UNRESPONSIVE_SECONDS for canary, seconds in lately.items()):
        return True
    if sender not in served:
        return False
    oldest = next(state.oldest_seconds for state in states() if state.name == sender)
    return oldest is not None and oldest >= UNRESPONSIVE_SECONDS


def run(
    processes: list[Process],
    watch: Callable[[], None],
    queues: Collection[str] | None = None,
    held: Collection[int] = (),
) -> int:
    """Run the processes until a signal comes (0) or one of them cannot be kept alive; return the exit code.

    A process that dies or stops responding is restarted; ``queues`` are what the worker among them serves, else
    WORKER_QUEUES. ``watch`` is called every 5 s meanwhile. ``held`` are file descriptors that the processes hold open,
    too: the lock on one of them lasts until the last of them has ended.
    """
    supervisor = Supervisor(
        processes,
        settings.BASE_DIR,
        lambda name, ran_for: is_unresponsive(name, ran_for, queues),
        # A line of JSON is one for programs, and who runs alone needs no name.
        named=len(processes) > 1 and settings.LOG_FORMAT != "json",
        held=held,
        log=LogFile(log_file(settings.VAR_DIR)),
        # A line for each comment would bury how far the reading is, and the password.
        verbose=settings.LOG_LEVEL == "DEBUG",
    )
    ended = threading.Event()

    def watching() -> None:
        while not ended.wait(WATCH_SECONDS):
            for look in (watch, supervisor.restart_unresponsive):
                try:
                    look()
                except Exception:
                    # Whatever it is, the next look may do better: nobody would notice that nobody watches.
                    logger.exception("A look at the servers and processes failed; the next one is in a moment.")

    thread = threading.Thread(target=watching, name="watch", daemon=True)
    thread.start()
    try:
        return supervisor.run()
    finally:
        ended.set()
        thread.join(ANSWER_SECONDS)
