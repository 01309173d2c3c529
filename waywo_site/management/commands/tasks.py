import json
from datetime import timedelta
from typing import Any

from celery import current_app
from django.core.management.base import CommandError, CommandParser

from core.commands import WaywoCommand
from waywo_site.running.worker_stats import WorkerStats, stats

ANSWER_SECONDS = 2.0
SHOWN = {"active": "running", "reserved": "taken, not yet started", "scheduled": "waiting for its next try"}


class Command(WaywoCommand):
    help = (
        "Show what each worker is at: running, taken and waiting tasks; with --registered, what it can do; "
        "with --stats, its processes, memory, uptime and what it did since it started."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--registered", action="store_true", help="Show the tasks that each worker knows.")
        parser.add_argument("--stats", action="store_true", help="Show pool, memory, uptime and totals of each worker.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object on the last line.")

    def handle(self, *args: Any, **options: Any) -> None:
        workers = sorted(current_app.control.inspect(timeout=ANSWER_SECONDS).ping() or {})
        if not workers:
            raise CommandError(
                f"No worker answered within {ANSWER_SECONDS:.0f} s: start Waywo with make run, or a worker of its own."
            )
        # Asked by name, the answer comes as soon as all have spoken.
        inspect = current_app.control.inspect(destination=workers, timeout=ANSWER_SECONDS)
        kinds = (*SHOWN, "registered") if options["registered"] else tuple(SHOWN)
        answers = {kind: getattr(inspect, kind)() or {} for kind in kinds}
        found: dict[str, dict[str, Any]] = {
            worker: {kind: [_plain(task) for task in answers[kind].get(worker, ())] for kind in kinds}
            for worker in workers
        }
        told = stats(workers, ANSWER_SECONDS) if options["stats"] else {}
        if options["json"]:
            with_stats = {name: {"stats": one.as_dict()} for name, one in told.items()}
            self.stdout.write(json.dumps({name: kept | with_stats.get(name, {}) for name, kept in found.items()}))
            return
        for worker, kept in found.items():
            self.stdout.write(worker)
            if worker in told:
                self._show(told[worker])
            for kind, title in SHOWN.items():
                for task in kept[kind]:
                    self.stdout.write(f"  {title}: {task['name']} {task['id']} {json.dumps(task['kwargs'])}")
            if not any(kept[kind] for kind in SHOWN):
                self.stdout.write("  nothing to do")
            for name in kept.get("registered", ()):
                self.stdout.write(f"  knows: {name}")

    def _show(self, stats: WorkerStats) -> None:
        scale = "" if stats.autoscale is None else " (scales from {1} to {0})".format(*stats.autoscale)
        self.stdout.write(f"  pool: {len(stats.processes)} processes{scale}, holds {stats.prefetch} messages at most")
        each = ", ".join(f"{bytes_ / 1e6:.0f}" for bytes_ in stats.processes.values())
        self.stdout.write(f"  memory: {stats.memory / 1e6:.0f} MB, its processes {each or 'none'} MB")
        self.stdout.write(f"  up for: {timedelta(seconds=stats.uptime_seconds)}")
        done = ", ".join(f"{name} {number:,}" for name, number in stats.totals.items())
        self.stdout.write(f"  begun since: {done or 'nothing'}")


def _plain(task: Any) -> Any:
    """Return a task as its worker told it, in the fields that are shown."""
    if isinstance(task, str):
        return task
    request = task.get("request", task)
    return {"id": request["id"], "name": request["name"], "kwargs": request["kwargs"], "eta": task.get("eta")}
