from typing import Any

from django.core.management.base import CommandError, CommandParser

from core.commands import JobCommand, whole_number
from core.http import OutsideError
from core.progress import Progress
from projects.extraction.choosing import comments_to_read_again, read_comments
from projects.extraction.reading import ANALYSTS, ReadingError


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
        again = parser.add_argument_group("what to read again (conditions add up)")
        again.add_argument("--failed", action="store_true", help="Comments whose reading failed.")
        again.add_argument("--post", type=whole_number("--post"), metavar="ID", help="The comments of one thread.")
        again.add_argument(
            "--prompt-version-below",
            type=whole_number("--prompt-version-below"),
            metavar="N",
            help="Comments that the analyst has not yet read at prompt version N or above.",
        )
        super().add_arguments(parser)

    def task_arguments(self, options: dict[str, Any]) -> dict[str, Any]:
        arguments = {name: options[name] for name in ("limit", "comment_ids", "analyst")}
        arguments |= {"fresh": True} if options["fresh"] else {}
        again = {"failed": options["failed"], "post_id": options["post"]}
        again["prompt_version_below"] = options["prompt_version_below"]
        if not any(again.values()):
            return arguments
        if options["comment_ids"]:
            raise CommandError(
                "--comment-ids goes with none of --failed, --post, --prompt-version-below.", returncode=2
            )
        try:
            ids = comments_to_read_again(**again, analyst=options["analyst"] or "", limit=options["limit"])
        except self.expected_errors as error:
            raise CommandError(str(error)) from error
        return arguments | {"comment_ids": ids}

    def run_here(self, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
        return read_comments(progress=progress, **arguments)

    def summary(self, result: dict[str, Any]) -> str:
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
