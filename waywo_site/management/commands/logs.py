from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from core.commands import WaywoCommand, whole_number
from waywo_site.running.log_file import last_lines, log_file, new_lines


class Command(WaywoCommand):
    help = (
        "Show what the processes of `make run` print; with --follow also what they print from now on (Ctrl-C ends it)."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--follow", action="store_true", help="Go on with what is printed from now on.")
        parser.add_argument("--lines", type=whole_number("--lines"), default=200, help="So many of the last lines.")

    def handle(self, *args: Any, **options: Any) -> None:
        path = log_file(settings.VAR_DIR)
        try:
            for line in last_lines(path, options["lines"]):
                self.stdout.write(line, ending="")
        except FileNotFoundError as error:
            raise CommandError(
                f"There is no {path}: `make run` was not started with this VAR_DIR. A process of its own "
                f"(make worker) prints to its terminal, a container to docker compose logs."
            ) from error
        for line in new_lines(path) if options["follow"] else ():
            self.stdout.write(line, ending="")
            self.stdout.flush()
