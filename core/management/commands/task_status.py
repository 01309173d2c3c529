import json
import sys
from typing import Any

from celery.states import SUCCESS
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.commands import follow_batch, follow_task, progress_bar, require_tables
from core.jobs.following import TaskNotFound, TaskState, task_state


class Command(BaseCommand):
    help = "Show how far a task has come; with --wait, follow it and the tasks that it sent to their end."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("task_id", help="The id that the API, or a command with --queue, gave.")
        parser.add_argument("--wait", action="store_true", help="Follow it to its end.")
        parser.add_argument("--json", action="store_true", help="Print the state as one JSON object on the last line.")

    def handle(self, *args: Any, **options: Any) -> None:
        require_tables()
        progress = progress_bar(self)
        failures: list[str] = []
        try:
            state = task_state(options["task_id"])
            if options["wait"]:
                state = follow_task(state.task_id, progress, self.stderr.write)
                sent = state.result.get("group_id") if isinstance(state.result, dict) else None
                failures = follow_batch(sent, progress) if sent else []
        except TaskNotFound as error:
            raise CommandError(str(error)) from error
        finally:
            progress.close()
        if options["json"]:
            self.stdout.write(json.dumps(state.as_dict()))
        else:
            self.stdout.write(self._sentence(state))
        for failure in failures:
            self.stderr.write(failure)
        if failures or (state.is_finished and state.status != SUCCESS):
            sys.exit(1)

    def _sentence(self, state: TaskState) -> str:
        parts = [f"{state.name or 'task'} {state.task_id}: {state.status}"]
        if state.progress:
            parts.append("{step}, {done} of {total}".format(**state.progress))
        if state.error:
            parts.append(state.error)
        if state.result is not None:
            parts.append(json.dumps(state.result))
        return ". ".join(parts)
