import json
from typing import Any

from django.core.management.base import CommandParser

from comments.source_health import Rate, source_health
from core.commands import WaywoCommand, require_tables


class Command(WaywoCommand):
    help = (
        "Show how each endpoint of the sources answered: share of requests, delay, last error, over a day and a week."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print the result as one JSON object on the last line.")

    def handle(self, *args: Any, **options: Any) -> None:
        require_tables()
        endpoints = source_health()
        if options["json"]:
            rows = [endpoint.as_dict() for endpoint in endpoints]
            self.stdout.write(json.dumps({"status": "success", "sources": rows}))
            return
        if not endpoints:
            self.stdout.write("No source was asked in the last week.")
        for endpoint in endpoints:
            self.stdout.write(
                f"{endpoint.source:<10} {endpoint.endpoint:<10} day: {_in_words(endpoint.day)}; "
                f"week: {_in_words(endpoint.week)}"
            )
            if endpoint.last_error_at:
                self.stdout.write(f"  last error, {endpoint.last_error_at:%Y-%m-%d %H:%M} UTC: {endpoint.last_error}")


def _in_words(rate: Rate) -> str:
    if rate.success is None:
        return "not asked"
    delay = "" if rate.mean_seconds is None else f", {rate.mean_seconds:.2f} s (slowest {rate.slowest_seconds:.1f})"
    return f"{rate.success:.1%} of {rate.asked} answered{delay}"
