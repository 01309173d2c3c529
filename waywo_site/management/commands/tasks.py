import json
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand, CommandError, CommandParser

ANSWER_SECONDS = 2.0
SHOWN = {"active": "running", "reserved": "taken, not yet started", "scheduled": "waiting for its next try"}


class Command(BaseCommand):
    help = "Show what each worker is at: running, taken and waiting tasks; with --registered, what it can do."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--registered", action="store_true", help="Show the tasks that each worker knows.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object on the last line.")

    def handle(self, *args: Any, **options: Any) -> None:
        inspect = current_app.control.inspect(timeout=ANSWER_SECONDS)
        kinds = (*SHOWN, "registered") if options["registered"] else tuple(SHOWN)
        answers = {kind: getattr(inspect, kind)() or {} for kind in kinds}
        workers = sorted({worker for answer in answers.values() for worker in answer})
        if not workers:
            raise CommandError(
                f"No worker answered within {ANSWER_SECONDS:.0f} s: start Waywo with make run, or a worker of its own."
            )
        found = {
            worker: {kind: [_plain(task) for task in answers[kind].get(worker, ())] for kind in kinds}
            for worker in workers
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
