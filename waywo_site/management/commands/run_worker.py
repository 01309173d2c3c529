import sys
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser

from core.commands import WaywoCommand
from waywo_site import worker_options
from waywo_site.environment import Kind
from waywo_site.running import processes
from waywo_site.task_table import QUEUE_TIME_LIMITS

OPTIONS: dict[str, tuple[Kind[Any], str]] = {
    "--queues": (worker_options.QUEUES, f"Separated by commas, of: {', '.join(QUEUE_TIME_LIMITS)}."),
    "--concurrency": (worker_options.CONCURRENCY, "So many processes; else one for each processor."),
    "--autoscale": (worker_options.AUTOSCALE, "As many as there is work for: the most and the least, as 10,3."),
    "--max-tasks-per-child": (worker_options.MAX_TASKS_PER_CHILD, "Replace a process after so many tasks."),
    "--max-memory-per-child": (worker_options.MAX_MEMORY_PER_CHILD, "Replace a process that took so much memory (kB)."),
}


class Command(WaywoCommand):
    help = (
        "Run a worker, and start it again when it dies or takes no work any more. For machines that run no `up`. "
        "Each option has a variable, WORKER_QUEUES and so on, that holds where the option is not given."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        for name, (kind, what) in OPTIONS.items():
            parser.add_argument(name, type=_option(name, kind), help=what)

    def handle(self, *args: Any, **options: Any) -> None:
        given = {name: options[name] for name in (each.strip("-").replace("-", "_") for each in OPTIONS)}
        if given["concurrency"] and given["autoscale"]:
            raise CommandError("--concurrency and --autoscale are both given: give one of the two.", returncode=2)
        code = processes.run([processes.worker(**given)], watch=lambda: None, queues=given["queues"])
        if code:
            sys.exit(code)


def _option(name: str, kind: Kind[Any]) -> Callable[[str], Any]:
    """Return an argument type that takes what the variable of the same ``kind`` takes."""

    def parse(text: str) -> Any:
        try:
            return kind.value(name, text.strip())
        except ImproperlyConfigured as error:
            raise CommandError(str(error), returncode=2) from error

    return parse
