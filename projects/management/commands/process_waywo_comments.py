from dataclasses import fields
from typing import Any

from django.core.management.base import CommandError, CommandParser

from comments.models import Source
from core.commands import JobCommand, whole_number
from core.http import OutsideError
from core.progress import Progress
from projects.extraction.choosing import CommentConditions, read_comments
from projects.extraction.reading import ANALYSTS, ReadingError

CONDITIONS = tuple(field.name for field in fields(CommentConditions))


class Command(JobCommand):
    help = "Read the pending comments, oldest first, and save the projects in them."
    task_name = "process_waywo_comments"
    expected_errors = (ReadingError, OutsideError)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=whole_number("--limit"), help="How many comments; else all.")
        parser.add_argument(
            "--comment-ids",
            nargs="+",
            type=whole_number("--comment-ids"),
            metavar="ID",
            help="These comments, whatever their status.",
        )
        parser.add_argument("--analyst", choices=ANALYSTS, help="Who reads; else llm where LLM_BASE_URL is set.")
        parser.add_argument("--fresh", action="store_true", help="Ask the model anew, whatever answers were kept.")
        again = parser.add_argument_group("what to read (conditions add up)")
        again.add_argument("--failed", action="store_true", help="Comments whose reading failed or lost a project.")
        again.add_argument(
            "--hours", type=whole_number("--hours"), metavar="N", help="Comments of the last N hours, read or not."
        )
        again.add_argument(
            "--post", type=whole_number("--post"), metavar="ID", help="The comments of one thread, read or not."
        )
        again.add_argument(
            "--prompt-version-below",
            type=whole_number("--prompt-version-below"),
            metavar="N",
            help="Comments that the analyst has not yet read at prompt version N or above.",
        )
        again.add_argument("--source", help=f"Comments of one of {', '.join(Source.values)}; alone: its pending ones.")
        super().add_arguments(parser)

    def task_arguments(self, options: dict[str, Any]) -> dict[str, Any]:
        arguments = {name: options[name] for name in ("limit", "comment_ids", "analyst")}
        arguments |= {"fresh": True} if options["fresh"] else {}
        given = {name: options["post" if name == "post_id" else name] for name in CONDITIONS}
        given = {name: value for name, value in given.items() if value}
        if given and options["comment_ids"]:
            raise CommandError(f"--comment-ids goes with none of {', '.join(map(_option, CONDITIONS))}.", returncode=2)
        self.given = " ".join(f"{_option(name)}{'' if value is True else f' {value}'}" for name, value in given.items())
        return arguments | given

    def run_here(self, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
        given = {name: arguments.pop(name) for name in CONDITIONS if name in arguments}
        return read_comments(conditions=CommentConditions(**given), progress=progress, **arguments)

    def summary(self, result: dict[str, Any]) -> str:
        if not result["comments"] and self.given:
            return f"No comment is to be read: none fits {self.given}."
        if not result["comments"]:
            return (
                "No comment is to be read. More come by manage.py process_waywo_posts; "
                "--comment-ids and --post name some to read again."
            )
        waiting = f", {result['left_pending']} stay pending" if result.get("left_pending") else ""
        return (
            f"{result['processed']} comments read, {result['skipped']} skipped, {result['failed']} failed{waiting}: "
            f"{result['valid_projects']} projects ({result['duplicates_linked']} seen before), "
            f"{result['invalid_skipped']} parts that are none."
        )


def _option(name: str) -> str:
    """Return the option for a condition."""
    return "--post" if name == "post_id" else f"--{name.replace('_', '-')}"
