import sys
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from core.commands import WaywoCommand
from waywo_site.running.queues import UnknownQueue, depth, purge


class Command(WaywoCommand):
    help = "Remove every waiting message of a queue. Rows that are still due are sent again by the reconciler."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("queue", help=f"One of {', '.join(settings.QUEUE_TIME_LIMITS)}.")
        parser.add_argument("--yes", action="store_true", help="Do not ask.")

    def handle(self, *args: Any, **options: Any) -> None:
        queue = options["queue"]
        try:
            waiting = depth(queue) if queue in settings.QUEUE_TIME_LIMITS else 0
            if not options["yes"] and not self._agreed(queue, waiting):
                raise CommandError("Nothing was removed.")
            self.stdout.write(f"{purge(queue)} messages removed from {queue}.")
        except UnknownQueue as error:
            raise CommandError(str(error), returncode=2) from error

    def _agreed(self, queue: str, waiting: int) -> bool:
        if queue not in settings.QUEUE_TIME_LIMITS:
            return True  # the refusal says it better
        if not sys.stdin.isatty():
            raise CommandError(f"{waiting} messages wait in {queue}: give --yes to remove them without being asked.")
        return input(f"Remove {waiting} waiting messages from {queue}? [y/N] ").strip().lower() in ("y", "yes")
