import json
import sys
from typing import Any

from celery.states import SUCCESS
from django.core.management.base import CommandError, CommandParser
from kombu.exceptions import OperationalError

from core.commands import WaywoCommand, follow_batch, follow_task, progress_bar, require_tables
from core.jobs import following, repeating, sending


class Command(WaywoCommand):
    help = "Run a task that failed or was cancelled again, as the same work; of a batch all that did."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("task_id", help="The id of a task, or the group_id of a batch.")
        parser.add_argument("--wait", action="store_true", help="Follow it to its end.")
        parser.add_argument("--json", action="store_true", help="Print the result as one JSON object on the last line.")

    def handle(self, *args: Any, **options: Any) -> None:
        require_tables()
        wanted = options["task_id"]
        try:
            again = self._again(wanted)
        except (following.TaskNotFound, repeating.NotRepeatable, sending.NothingToRetry) as error:
            raise CommandError(str(error)) from error
        except OperationalError as error:
            raise CommandError(f"The broker does not answer, so nothing was sent: {error}") from error
        failures = self._follow(again) if options["wait"] else []
        status = "partial" if failures else "success" if options["wait"] else "queued"
        for failure in failures:
            self.stderr.write(failure)
        if options["json"]:
            self.stdout.write(json.dumps({"status": status} | again))
        else:
            [[kind, new_id]] = again.items()
            how = {"queued": "is on the way", "success": "is done", "partial": "did not succeed"}[status]
            self.stdout.write(f"{wanted} runs again as {kind.removesuffix('_id')} {new_id}, which {how}.")
        if failures:
            sys.exit(1)

    def _again(self, wanted: str) -> dict[str, str]:
        """Return the new id by what it is one of. Raises NotRepeatable, NothingToRetry and TaskNotFound."""
        try:
            return {"task_id": repeating.run_again(wanted)}
        except following.IsABatch:
            return {"group_id": sending.retry_failures(wanted).pk}

    def _follow(self, again: dict[str, str]) -> list[str]:
        """Wait for the end and return a line for each task that did not succeed."""
        progress = progress_bar(self)
        try:
            if group_id := again.get("group_id"):
                return follow_batch(group_id, progress)
            state = follow_task(again["task_id"], progress, self.stderr.write)
            return [] if state.status == SUCCESS else [f"Task {state.task_id}: {state.error}"]
        finally:
            progress.close()
