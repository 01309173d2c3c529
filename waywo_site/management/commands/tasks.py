import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from waywo_site.running import queues

# Where none answers in the usual time they may be busy: they are asked once more, with this patience.
BUSY_SECONDS = 2.0
SHOWN = {"active": "running", "reserved": "taken, not yet started", "scheduled": "waiting for its next try"}


class Command(BaseCommand):
    help = "Show what each worker is at: running, taken and waiting tasks; with --registered, what it can do."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--registered", action="store_true", help="Show the tasks that each worker knows.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object on the last line.")

    def handle(self, *args: Any, **options: Any) -> None:
        kinds = (*SHOWN, "registered") if options["registered"] else tuple(SHOWN)
        said = queues.ask_workers(*kinds) or queues.ask_workers(*kinds, seconds=BUSY_SECONDS)
        if not said:
            raise CommandError(
                f"No worker answered within {BUSY_SECONDS:.0f} s: start Waywo with make run, or a worker of its own."
            )
        found = {
            worker: {kind: [_plain(task) for task in told] for kind, told in answers.items()}
            for worker, answers in sorted(said.items())
        }
        if options["json"]:
            self.stdout.write(json.dumps(found))
            return
        for worker, kept in found.items():
            self.stdout.write(worker)
            for kind, title in SHOWN.items():
                for task in kept[kind]:
                    self.stdout.write(f"  {title}: {task['name']} {task['id']} {json.dumps(task['kwargs'])}")
            if not any(kept[kind] for kind in SHOWN):
                self.stdout.write("  nothing to do")
            for name in kept.get("registered", ()):
                self.stdout.write(f"  knows: {name}")


def _plain(task: Any) -> Any:
    """Return a task as its worker told it, in the fields that are shown."""
    if isinstance(task, str):
        return task
    request = task.get("request", task)
    return {"id": request["id"], "name": request["name"], "kwargs": request["kwargs"], "eta": task.get("eta")}
