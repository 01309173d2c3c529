from typing import Any

from django.core.management.base import CommandError, CommandParser

from core.commands import JobCommand, whole_number
from core.progress import Progress
from waywo_site.operations.cleanup import DAYS, cleanup_old_data


class Command(JobCommand):
    help = (
        "Remove old task results, batches, series, readings beyond the last 3 of a comment, pages nobody links to and "
        "expired sessions. Threads, comments, projects and reviews are never removed."
    )
    task_name = "cleanup_old_data"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--days", type=whole_number("--days"), default=DAYS, help="Keep so many days (30).")
        parser.add_argument("--dry-run", action="store_true", help="Only count what would be removed.")

    def handle(self, *args: Any, **options: Any) -> None:
        self.dry_run = options["dry_run"]
        if self.dry_run and options["queue"]:
            raise CommandError("--dry-run counts here: leave --queue out.", returncode=2)
        super().handle(*args, **options)

    def task_arguments(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"days": options["days"]}

    def run_here(self, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
        return cleanup_old_data(**arguments, dry_run=self.dry_run, progress=progress)

    def summary(self, result: dict[str, Any]) -> str:
        rows = [f"{name.replace('_', ' ')}: {count}" for name, count in result["removed"].items()]
        verb = "Would be removed" if result["dry_run"] else f"Removed in {result['seconds']} s"
        return f"{verb}. " + ", ".join(rows) + "."
