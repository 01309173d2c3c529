import json
import sys
import time
from typing import Any

from celery.states import SUCCESS
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.commands import POLL_SECONDS, follow_batch
from core.jobs.following import TaskNotFound, TaskState, task_state
from core.progress import Progress, ProgressBar


class Command(BaseCommand):
    help = "Show how far a task has come; with --wait, follow it and the tasks that it sent to their end."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("task_id", help="The id that the API, or a command with --queue, gave.")
        parser.add_argument("--wait", action="store_true", help="Follow it to its end.")
        parser.add_argument("--json", action="store_true", help="Print the state as one JSON object on the last line.")

    def handle(self, *args: Any, **options: Any) -> None:
        progress = ProgressBar(self.stderr._out if hasattr(self.stderr, "_out") else sys.stderr)
        try:
            state = task_state(options["task_id"])
            errors = self._wait(options["task_id"], progress) if options["wait"] else []
            state = task_state(options["task_id"])
        except TaskNotFound as error:
            raise CommandError(str(error)) from error
        finally:
            progress.close()
        if options["json"]:
            self.stdout.write(json.dumps(state.as_dict()))
        else:
            self.stdout.write(self._sentence(state))
        for error in errors:
            self.stderr.write(error)
        if errors or (state.is_finished and state.status != SUCCESS):
            sys.exit(1)

    def _wait(self, task_id: str, progress: Progress) -> list[str]:
        """Return, when all has ended, a line for each task that this one sent and that failed."""
        while not (state := task_state(task_id)).is_finished:
            seen = state.progress or {}
            progress(seen.get("step") or state.status.lower(), seen.get("done") or 0, seen.get("total") or 1)
            time.sleep(POLL_SECONDS)
        group_id = state.result.get("group_id") if isinstance(state.result, dict) else None
        return follow_batch(group_id, progress) if group_id else []

    def _sentence(self, state: TaskState) -> str:
        parts = [f"{state.name or 'task'} {state.task_id}: {state.status}"]
        if state.progress:
            parts.append("{step}, {done} of {total}".format(**state.progress))
        if state.error:
            parts.append(state.error)
        if state.result is not None:
            parts.append(json.dumps(state.result))
        return ". ".join(parts)
