import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.commands import require_tables
from core.jobs import cancelling, following


class Command(BaseCommand):
    help = "Keep a task that waits, or the waiting tasks of a batch, from being run. What is under way ends."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("task_id", help="The id of a task, or the group_id of a batch.")
        parser.add_argument("--json", action="store_true", help="Print the state as one JSON object on the last line.")

    def handle(self, *args: Any, **options: Any) -> None:
        require_tables()
        wanted = options["task_id"]
        try:
            kept = cancelling.cancel_batch(wanted)
        except following.TaskNotFound:
            self._cancel_task(wanted, options["json"])
            return
        if options["json"]:
            self.stdout.write(json.dumps(following.progress_of(wanted).as_dict()))
        else:
            self.stdout.write(f"{kept} waiting tasks of batch {wanted} are cancelled; the running ones end.")

    def _cancel_task(self, task_id: str, as_json: bool) -> None:
        try:
            state = cancelling.cancel(task_id)
        except (following.TaskNotFound, cancelling.NotCancellable) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(state.as_dict()) if as_json else f"Task {task_id} is cancelled.")
