"""Tells whether the worker process that started a task is gone, exactly, on the machine that it ran on."""

import contextlib
import os
import socket
from functools import cache
from pathlib import Path


@cache
def _host() -> str:
    """Return what numbers of processes are told apart in: a machine since its start, and a container on it."""
    parts = [socket.gethostname()[:40]]
    with contextlib.suppress(OSError):  # without Linux: the name alone
        parts += [Path("/proc/sys/kernel/random/boot_id").read_text()[:8], os.readlink("/proc/self/ns/pid")[5:-1]]
    return "/".join(parts)


def _started(pid: int) -> str:
    """Return when a process started, in ticks since boot: a number of a process is used again. Empty without /proc."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def identity() -> str:
    """Return who runs this task: host, and number and start of the worker and of its process."""
    return " ".join([_host(), *(f"{pid}:{_started(pid)}" for pid in (os.getppid(), os.getpid()))])


def own_identity() -> str:
    """Return who this process is, in the form of ``identity``: for a worker, which has no worker above it."""
    return f"{_host()} {os.getpid()}:{_started(os.getpid())}"


def is_here(worker: str) -> bool:
    """Return whether an identity is of this machine; of another one nothing can be told."""
    return worker.split(" ")[0] == _host()


def is_gone(worker: str) -> bool:
    """Return whether worker and process of an identity of this machine are both gone.

    While the worker lives it hands on itself what a process of it lost.
    """
    return not any(_lives(part) for part in worker.split(" ")[1:])


def is_at_work(worker: str) -> bool:
    """Return whether the very process that an identity names is on this machine and lives."""
    return bool(worker) and is_here(worker) and _lives(worker.split(" ")[-1])


def _lives(part: str) -> bool:
    pid, _, started = part.partition(":")
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    if started and _started(int(pid)) != started:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return not started
