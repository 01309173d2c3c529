from typing import Any

from django.core.management.base import CommandParser

from comments.sources import SOURCES
from comments.sources.known_threads import ThreadsFileError
from comments.trying import try_source
from core.commands import JobCommand, whole_number
from core.http import OutsideError
from core.progress import Progress


class Command(JobCommand):
    help = "Try a source without saving anything: its threads, and the first comments of the newest one."
    task_name = "try_source"
    expected_errors = (OutsideError, ThreadsFileError)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help=f"One of {', '.join(SOURCES)}; it need not be enabled.")
        parser.add_argument("--limit", type=whole_number("--limit"), default=5, help="How many comments to show (5).")
        super().add_arguments(parser)

    def task_arguments(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"source": options["name"], "limit": options["limit"]}

    def run_here(self, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
        return try_source(arguments["source"], arguments["limit"])

    def summary(self, result: dict[str, Any]) -> str:
        lines = [f"{result['source']}: {result['threads_found']} threads."]
        lines += ["  {month}  {id}  {title}".format(**thread).rstrip() for thread in result["threads"]]
        if result["post"]:
            lines.append("{title} ({id}, by {author}, {total_kids} comments)".format(**result["post"]))
        lines += [
            f"- {comment['author'] or 'nobody'}: {comment['text']}"
            for comment in result["comments"]
            if "error" not in comment
        ]
        return "\n".join(lines)
