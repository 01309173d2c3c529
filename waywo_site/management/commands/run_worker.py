import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.commands import whole_number
from waywo_site.running import processes


class Command(BaseCommand):
    help = "Run a worker, and start it again when it dies or takes no work any more. For machines that run no `up`."

    def add_arguments(self, parser: CommandParser) -> None:
        known = list(settings.QUEUE_TIME_LIMITS)
        parser.add_argument("--queues", help=f"Separated by commas, of: {', '.join(known)}. Else all.")
        parser.add_argument(
            "--concurrency", type=whole_number("--concurrency"), help="Processes; else one for each processor."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        known = list(settings.QUEUE_TIME_LIMITS)
        given = known if options["queues"] is None else options["queues"].split(",")
        queues = [name.strip() for name in given if name.strip()]
        if not queues or set(queues) - set(known):
            raise CommandError(
                f"--queues={options['queues']!r} is invalid: it expects names of {', '.join(known)}.", returncode=2
            )
        code = processes.run([processes.worker(queues, options["concurrency"])], watch=lambda: None, queues=queues)
        if code:
            sys.exit(code)
