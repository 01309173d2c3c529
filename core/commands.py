"""What the commands of all apps share: options, progress bar, handing work to the workers, the JSON line."""

import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import Any

from celery import current_app
from celery.states import PENDING, REVOKED, SUCCESS
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from core.checks import OWN_CHECKS
from core.jobs import following, sending
from core.progress import Progress, ProgressBar

POLL_SECONDS = 0.5
# How long a task may wait before we look whether there is anybody to do it.
PATIENCE_SECONDS = 5


def whole_number(name: str, least: int = 1) -> Callable[[str], int]:
    """Return an argument type that takes a whole number of ``least`` or more, and says so in one line."""

    def parse(text: str) -> int:
        with suppress(ValueError):
            if (number := int(text)) >= least:
                return number
        raise CommandError(f"{name}={text!r} is invalid: it expects a whole number of {least} or more.", returncode=2)

    return parse


def add_following(parser: CommandParser) -> None:
    """Add the options of a command that can follow a task: ``--wait``, ``--timeout``, ``--json``."""
    parser.add_argument("--wait", action="store_true", help="Follow it to its end.")
    parser.add_argument(
        "--timeout", type=whole_number("--timeout"), help="With --wait: give up following it after so many seconds."
    )
    parser.add_argument("--json", action="store_true", help="Print the state as one JSON object on the last line.")


def check_following(options: dict[str, Any]) -> None:
    """Raise CommandError (2) where a time is set for following and nothing is followed."""
    if options["timeout"] and not options["wait"]:
        raise CommandError("--timeout goes with --wait.", returncode=2)


def require_tables() -> None:
    """Bring the database up to date where it is our own; elsewhere raise CommandError when it is not."""
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return
    if settings.EMBEDDED_POSTGRESQL is None:
        raise CommandError("The database is not up to date: run manage.py migrate.")
    call_command("migrate", verbosity=0, interactive=False)


class WaywoCommand(BaseCommand):
    """A command of ours. Before it, our own checks of the settings run: Django's load the admin and the API, a second
    of processor time at every start (``manage.py check`` and ``migrate`` run them all)."""

    requires_system_checks: tuple[str, ...] = (OWN_CHECKS,)


class JobCommand(WaywoCommand):
    """A command that does the work of one task: here, or with ``--queue`` by the workers.

    A subclass names the task, its own options, and what to do here.
    """

    task_name: str
    expected_errors: tuple[type[Exception], ...] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print the result as one JSON object on the last line.")
        parser.add_argument("--queue", action="store_true", help="Hand the work to the workers and return at once.")
        parser.add_argument("--wait", action="store_true", help="With --queue: follow it to its end.")

    def task_arguments(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return the task's keyword arguments: none, unless a subclass has options for them."""
        return {}

    def run_here(self, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
        """Do the work in this process and return its result."""
        raise NotImplementedError

    def summary(self, result: dict[str, Any]) -> str:
        """Return the result as a sentence."""
        raise NotImplementedError

    def failures(self, result: dict[str, Any]) -> list[str]:
        """Return a line for each part of the work that failed or is missing."""
        errors = [error if isinstance(error, str) else error["error"] for error in result.get("errors") or []]
        return errors + (result.get("missing") or [])

    def handle(self, *args: Any, **options: Any) -> None:
        if options["wait"] and not options["queue"]:
            raise CommandError("--wait goes with --queue: without it the work is done here anyway.", returncode=2)
        require_tables()
        arguments = self.task_arguments(options)
        progress = progress_bar(self)
        expected: tuple[type[Exception], ...] = (ValueError, *self.expected_errors)
        try:
            if options["queue"]:
                result = self._queue(arguments, options["wait"], progress)
            else:
                result = self.run_here(arguments, progress)
        except expected as error:
            raise CommandError(str(error)) from error
        finally:
            progress.close()
        self._report(result, options["json"])

    def _queue(self, arguments: dict[str, Any], wait: bool, progress: Progress) -> dict[str, Any]:
        task_id = sending.send(self.task_name, arguments)
        if not wait:
            return {"status": "queued", "task_id": task_id}
        return self._follow(task_id, progress)

    def _follow(self, task_id: str, progress: Progress) -> dict[str, Any]:
        """Wait for the task, and for the tasks that it sent; raise CommandError for those that failed."""
        task = follow_task(task_id, progress, self.stderr.write)
        if task.status == REVOKED:
            raise CommandError(f"Task {task_id} was cancelled.")
        if task.status != SUCCESS:
            raise CommandError(f"Task {task_id} failed: {task.error}")
        result: dict[str, Any] = task.result
        if "task_ids" not in result:
            return result
        errors = (result.get("errors") or []) + follow_batch(result["group_id"], progress)
        return result | {"status": "partial" if errors else "success", "errors": errors}

    def _report(self, result: dict[str, Any], as_json: bool) -> None:
        if failures := self.failures(result):
            result = result | {"status": "partial"}
        for failure in failures:
            self.stderr.write(failure)
        if as_json:
            self.stdout.write(json.dumps(result))
        elif result["status"] == "queued":
            self.stdout.write(f"Queued as task {result['task_id']}.")
        elif "task_ids" in result:
            self.stdout.write(f"{len(result['task_ids'])} tasks done, {len(failures)} failed.")
        else:
            self.stdout.write(self.summary(result))
        if failures:
            sys.exit(1)


def progress_bar(command: BaseCommand) -> ProgressBar:
    """Return a bar on the standard error of ``command``."""
    # The stream itself: Django's wrapper around it writes whole lines.
    return ProgressBar(getattr(command.stderr, "_out", sys.stderr))


def follow_task(
    task_id: str, progress: Progress, warn: Callable[[str], object], until: float = inf
) -> following.TaskState:
    """Wait for a task to end, ``until`` a moment (monotonic) at most, and return its state.

    Raises TaskNotFound, and CommandError where it takes longer.
    """
    asked_for_workers = time.monotonic() + PATIENCE_SECONDS
    while not (state := following.task_state(task_id)).is_finished:
        if state.status == PENDING and time.monotonic() > asked_for_workers:
            asked_for_workers = float("inf")
            if not current_app.control.ping(timeout=2):
                warn("No worker answers; waiting for one. Start Waywo (make run) in another terminal.")
        seen = state.progress or {}
        progress(seen.get("step") or state.status.lower(), seen.get("done") or 0, seen.get("total") or 1)
        _wait(until)
    return state


def follow_batch(group_id: str, progress: Progress, until: float = inf) -> list[str]:
    """Wait for a batch to end, ``until`` a moment (monotonic) at most, and return a line for each of its tasks that did
    not succeed. Raises CommandError where it takes longer."""
    while not (state := following.progress_of(group_id)).is_finished:
        pace = f"{state.per_minute:.0f} a minute, {state.failed} failed"
        if state.seconds_left is not None:
            pace += f", {state.seconds_left:.0f} s left"
        if steps := following.steps_under_way(group_id):
            pace += f"; {steps}"
        progress(f"tasks ({pace})", state.done, state.total)
        _wait(until)
    return following.failures(group_id)


def _wait(until: float) -> None:
    if time.monotonic() >= until:
        raise CommandError("It has not ended within the time that --timeout gives. It goes on.")
    time.sleep(POLL_SECONDS)
