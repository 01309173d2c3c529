import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from comments.sources import SOURCES
from comments.sources.known_threads import ThreadsFileError
from comments.sources.trying import try_source
from core.commands import whole_number
from core.http import OutsideError


class Command(BaseCommand):
    help = "Try a source without saving anything: its threads, and the first comments of the newest one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help=f"One of {', '.join(SOURCES)}; it need not be enabled.")
        parser.add_argument("--limit", type=whole_number("--limit"), default=5, help="How many comments to show (5).")
        parser.add_argument("--json", action="store_true", help="Print the result as one JSON object on the last line.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = try_source(options["name"], options["limit"])
        except (ValueError, OutsideError, ThreadsFileError) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(result))
            return
        self.stdout.write(f"{result['source']}: {result['threads_found']} threads.")
        if result["post"]:
            self.stdout.write("{title} ({id}, by {author}, {total_kids} comments)".format(**result["post"]))
        for comment in result["comments"]:
            self.stdout.write(f"- {comment['author'] or 'nobody'}: {comment.get('error') or comment['text']}")
