from typing import Any

from django.core.management.base import CommandError, CommandParser

from comments.discovery import discover_posts
from comments.sources import SOURCES
from comments.sources.known_threads import ThreadsFileError
from core.commands import JobCommand, whole_number
from core.http import OutsideError
from core.progress import Progress


class Command(JobCommand):
    help = "Look for new threads; add those that are sure, keep the others for a decision in the admin."
    task_name = "discover_waywo_posts"
    expected_errors = (OutsideError, ThreadsFileError)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--since-days", type=whole_number("--since-days"), default=45, help="How far back to look (45)."
        )
        parser.add_argument(
            "--source", help=f"One of {', '.join(SOURCES)}, enabled or not; else all that SOURCES names."
        )
        parser.add_argument("--dry-run", action="store_true", help="Show what would be added and why; save nothing.")
        super().add_arguments(parser)

    def task_arguments(self, options: dict[str, Any]) -> dict[str, Any]:
        self.dry_run = options["dry_run"]
        if self.dry_run and options["queue"]:
            raise CommandError("--dry-run goes without --queue: it only shows.", returncode=2)
        return {name: options[name] for name in ("since_days", "source")}

    def run_here(self, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
        return discover_posts(dry_run=self.dry_run, progress=progress, **arguments)

    def summary(self, result: dict[str, Any]) -> str:
        lines = [
            f"{story['verdict']:<10} {story['year']}-{story['month']:02}  {story['id']}  {story['title']} "
            f"({story['author']}, {story['comments']} comments). {story['reason']}"
            for story in result["found"]
        ]
        waiting = sum(story["verdict"] == "candidate" for story in result["found"])
        added = f"{len(result['added'])} {'would be added' if self.dry_run else 'added'}"
        return "\n".join(
            [*lines, f"{len(result['found'])} new stories: {added}, {waiting} to be decided in the admin."]
        )
