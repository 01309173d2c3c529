import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from comments.adding import CollectionError
from core.commands import JobCommand, require_tables, whole_number
from core.http import OutsideError
from core.progress import Progress
from projects.extraction.reading import ANALYSTS, ReadingError
from projects.threads.here import extract_here, plan
from projects.threads.phases import TASK, AlreadyRunning, refuse_running
from projects.threads.wishes import Wish, wish_for


class Command(JobCommand):
    help = "Collect one thread, read all that came, and bring the figures up to date."
    task_name = TASK
    expected_errors = (CollectionError, OutsideError, ReadingError)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("post", help="The thread's id, or its address on Hacker News or Lobsters.")
        parser.add_argument("--year", type=whole_number("--year"), help="The year it belongs to; else from its title.")
        parser.add_argument("--month", type=whole_number("--month"), help="The month it belongs to, 1 to 12.")
        parser.add_argument(
            "--limit-comments", "--limit", type=whole_number("--limit-comments"), help="How many comments; else all."
        )
        parser.add_argument("--analyst", choices=ANALYSTS, help="Who reads; else llm where LLM_BASE_URL is set.")
        parser.add_argument("--dry-run", action="store_true", help="Look the thread up and say what would be done.")
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["dry_run"]:
            super().handle(*args, **options)
            return
        require_tables()
        try:
            found = plan(self._wish(self.task_arguments(options)))
        except (ValueError, *self.expected_errors) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(found) if options["json"] else self._planned(found))

    def task_arguments(self, options: dict[str, Any]) -> dict[str, Any]:
        given = {name: options[name] for name in ("post", "year", "month", "limit_comments", "analyst")}
        if options["queue"]:
            try:
                refuse_running(self._wish(given).thread)
            except (ValueError, CollectionError) as error:
                raise CommandError(str(error)) from error
            except AlreadyRunning as running:
                raise CommandError(_follow(running)) from running
        return given

    def run_here(self, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
        try:
            return extract_here(self._wish(arguments), progress)
        except AlreadyRunning as running:
            raise CommandError(_follow(running)) from running

    def summary(self, result: dict[str, Any]) -> str:
        if result["status"] == "skipped":
            return str(result["reason"])
        return (
            f"{result['title']}: {result['comments_saved']} comments saved, {result['comments_updated']} updated; "
            f"{result['processed']} of {result['comments']} read, {result['skipped']} skipped, "
            f"{result['failed']} failed: {result['projects']} projects."
        )

    def _wish(self, given: dict[str, Any]) -> Wish:
        return wish_for(given["post"], **{name: value for name, value in given.items() if name != "post"})

    def _planned(self, found: dict[str, Any]) -> str:
        return (
            f"{found['title']}: {found['comments_at_source']} comments to look at, {found['comments_stored']} are "
            f"stored and {found['unread']} of them unread. {found['analyst']} would read. Nothing was saved."
        )


def _follow(running: AlreadyRunning) -> str:
    return f"{running} Follow it: manage.py task_status {running.run.task_id} --wait"
