import json
import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser
from kombu.exceptions import OperationalError

from core.commands import WaywoCommand, require_tables
from core.jobs import cancelling, following


class Command(WaywoCommand):
    help = "Cancel a task, or the tasks of a batch: what waits is not run. What is under way is ended if you say so."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("task_id", help="The id of a task, or the group_id of a batch.")
        parser.add_argument(
            "--running", action="store_true", help="End what is under way, too, without asking; its work is taken back."
        )
        parser.add_argument("--json", action="store_true", help="Print the state as one JSON object on the last line.")

    def handle(self, *args: Any, **options: Any) -> None:
        require_tables()
        wanted = options["task_id"]
        try:
            try:
                state = following.task_state(wanted)
            except following.IsABatch:
                self._cancel_batch(wanted, options)
            else:
                self._cancel_task(state, options)
        except (following.TaskNotFound, cancelling.NotCancellable) as error:
            raise CommandError(str(error)) from error
        except OperationalError as error:
            raise CommandError(f"The broker does not answer, so nothing was cancelled: {error}") from error

    def _cancel_task(self, state: following.TaskState, options: dict[str, Any]) -> None:
        running = options["running"] or (
            state.is_under_way and self._agreed(f"Task {state.task_id} ({state.name}) is under way.")
        )
        try:
            state = cancelling.cancel(state.task_id, running=running)
        except cancelling.StillRunning as error:
            raise cancelling.NotCancellable(f"{error} That is --running.") from error
        self._tell(f"Task {state.task_id} is cancelled.", state.as_dict(), options["json"])

    def _cancel_batch(self, group_id: str, options: dict[str, Any]) -> None:
        before = following.progress_of(group_id)
        if before.is_finished:
            raise cancelling.NotCancellable(f"Batch {group_id} has ended: there is nothing to cancel.")
        running = options["running"] or (
            before.running > 0 and self._agreed(f"{before.running} tasks of batch {group_id} are under way.")
        )
        count = cancelling.cancel_batch(group_id, running=running)
        after = following.progress_of(group_id)
        rest = f"; {after.running} that are under way end by themselves" if after.running else ""
        self._tell(f"{count} tasks of batch {group_id} are cancelled{rest}.", after.as_dict(), options["json"])

    def _agreed(self, what: str) -> bool:
        """Ask whether what runs is to be ended; where nobody can answer, it is not."""
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return False
        self.stderr.write(
            f"{what} End it now? What it had begun is taken back, what it had saved stays. [y/N] ", ending=""
        )
        return input().strip().lower() in ("y", "yes")

    def _tell(self, sentence: str, state: dict[str, Any], as_json: bool) -> None:
        self.stdout.write(json.dumps(state) if as_json else sentence)
