from typing import Any

from django.core.management.base import CommandError, CommandParser

from core.commands import JobCommand
from core.progress import Progress
from waywo_site.operations.analytics import generate_analytics


class Command(JobCommand):
    help = "Bring the figures of each month and thread up to date; manage.py analytics shows them."
    task_name = "generate_analytics"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--again", action="store_true", help="Compute all of them, also where nothing changed.")

    def handle(self, *args: Any, **options: Any) -> None:
        self.again = options["again"]
        if self.again and options["queue"]:
            raise CommandError("--again works here: leave --queue out.", returncode=2)
        super().handle(*args, **options)

    def task_arguments(self, options: dict[str, Any]) -> dict[str, Any]:
        return {}

    def run_here(self, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
        return generate_analytics(again=self.again, progress=progress)

    def summary(self, result: dict[str, Any]) -> str:
        return f"{result['computed']} periods computed in {result['seconds']} s, {result['unchanged']} unchanged."
