import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser

from core.commands import WaywoCommand, require_tables
from waywo_site.running import queues


class Command(WaywoCommand):
    help = "Show how many messages wait in each queue and how long the oldest has; pause a queue, or resume it."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--pause", metavar="QUEUE", help="Let no worker take from this queue; what runs ends.")
        what.add_argument("--resume", metavar="QUEUE", help="Let its workers take from it again.")
        parser.add_argument("--json", action="store_true", help="Print one JSON list on the last line.")

    def handle(self, *args: Any, **options: Any) -> None:
        require_tables()
        try:
            if options["pause"] and not queues.pause(options["pause"]):
                self.stderr.write(f"{options['pause']} was paused already.")
            if options["resume"] and not queues.resume(options["resume"]):
                self.stderr.write(f"{options['resume']} was not paused.")
        except queues.UnknownQueue as error:
            raise CommandError(str(error), returncode=2) from error
        states = queues.states()
        if options["json"]:
            self.stdout.write(json.dumps([asdict(state) for state in states]))
            return
        self.stdout.write(f"{'queue':<12} {'waiting':>8} {'oldest':>10}")
        for state in states:
            age = "-" if state.oldest_seconds is None else f"{state.oldest_seconds:.0f} s"
            note = "  paused" if state.is_paused else ""
            self.stdout.write(f"{state.name:<12} {state.waiting:>8} {age:>10}{note}")
