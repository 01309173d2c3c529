"""What a worker is made of and did since it started: its processes, their memory, its uptime and totals."""

import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import psutil
from celery import current_app
from celery.worker.control import inspect_command


@dataclass(frozen=True)
class WorkerStats:
    """A worker. ``memory`` (bytes, resident) is its own, ``processes`` has that of each child by its pid; ``autoscale``
    is the most and the least processes, None where their number is fixed; ``totals`` are the tasks that it began."""

    uptime_seconds: int
    prefetch: int
    autoscale: tuple[int, int] | None
    memory: int
    processes: dict[int, int]
    totals: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


@inspect_command()
def memory(state: Any) -> dict[str, Any]:
    """Return the resident memory (bytes) of this worker, and that of each of its processes: only it can see them."""
    found = []
    for pid in state.consumer.pool.info["processes"]:
        with suppress(psutil.NoSuchProcess):  # replaced at this moment
            found.append([pid, psutil.Process(pid).memory_info().rss])
    return {"own": psutil.Process(os.getpid()).memory_info().rss, "processes": found}


def stats(workers: Collection[str], seconds: float) -> dict[str, WorkerStats]:
    """Return the stats of those ``workers`` (by their names) that answer within ``seconds``."""
    control: Any = current_app.control
    told = control.inspect(destination=list(workers), timeout=seconds).stats() or {}
    answers = control.broadcast("memory", destination=list(workers), reply=True, timeout=seconds, limit=len(workers))
    used = {name: answer for each in answers or () for name, answer in each.items()}
    return {name: _stats(told[name], used[name]) for name in workers if name in told and name in used}


def _stats(told: dict[str, Any], used: dict[str, Any]) -> WorkerStats:
    scale = told.get("autoscaler")
    return WorkerStats(
        uptime_seconds=told["uptime"],
        prefetch=told["prefetch_count"],
        autoscale=(scale["max"], scale["min"]) if scale else None,
        memory=used["own"],
        processes=dict(used["processes"]),
        totals=dict(sorted(told["total"].items())),
    )
