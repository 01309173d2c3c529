import json
import math
import sys
import time
from typing import Any

from celery.states import SUCCESS
from django.core.management.base import CommandError, CommandParser

from core.commands import (
    WaywoCommand,
    add_following,
    check_following,
    follow_batch,
    follow_task,
    progress_bar,
    require_tables,
)
from core.jobs.following import (
    IsABatch,
    TaskNotFound,
    TaskState,
    failures,
    progress_of,
    running_tasks,
    task_state,
    told,
)


class Command(WaywoCommand):
    help = "Show how far a task or a batch has come; with --wait, follow it and the tasks that it sent to their end."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("task_id", help="The id that the API, or a command with --queue, gave; or a group_id.")
        add_following(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        check_following(options)
        until = time.monotonic() + (options["timeout"] or math.inf)
        require_tables()
        try:
            state = task_state(options["task_id"])
        except IsABatch:
            self._show_batch(options, until)
            return
        except TaskNotFound as error:
            raise CommandError(str(error)) from error
        progress = progress_bar(self)
        failed: list[str] = []
        try:
            if options["wait"]:
                state = follow_task(state.task_id, progress, self.stderr.write, until)
                sent = state.result.get("group_id") if isinstance(state.result, dict) else None
                failed = follow_batch(sent, progress, until) if sent else []
        finally:
            progress.close()
        if options["json"]:
            self.stdout.write(json.dumps(state.as_dict()))
        else:
            self.stdout.write(self._sentence(state))
        for line in failed:
            self.stderr.write(line)
        if failed or (state.is_finished and state.status != SUCCESS):
            sys.exit(1)

    def _show_batch(self, options: dict[str, Any], until: float) -> None:
        group_id, progress = options["task_id"], progress_bar(self)
        try:
            lines = follow_batch(group_id, progress, until) if options["wait"] else failures(group_id)
        finally:
            progress.close()
        batch, running = progress_of(group_id), running_tasks(group_id)
        if options["json"]:
            rows = {"running_tasks": [task.as_dict() for task in running], "failures": lines}
            self.stdout.write(json.dumps(batch.as_dict() | rows))
        else:
            self.stdout.write(f"{batch.label}: {batch}.")
            for task in running:
                self.stdout.write(f"  {task.label}")
            for line in lines:
                self.stderr.write(line)
        if batch.is_finished and lines:
            sys.exit(1)

    def _sentence(self, state: TaskState) -> str:
        parts = [f"{state.name or 'task'} {state.task_id}: {state.status}"]
        if state.progress:
            parts.append(told(state.progress))
        if state.error:
            parts.append(state.error)
        if state.result is not None:
            parts.append(json.dumps(state.result))
        return ". ".join(parts)
