from typing import Any

from django.core.management.base import CommandParser

from comments.commands import JobCommand, Progress, whole_number
from projects.extraction.runner import ReadingError, read_comments


class Command(JobCommand):
    help = "Read the pending comments, oldest first, and save the projects in them."
    task_name = "process_waywo_comments"
    expected_errors = (ReadingError,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=whole_number("--limit"), help="How many comments; else all.")
        parser.add_argument(
            "--comment-ids",
            nargs="+",
            type=whole_number("--comment-ids"),
            metavar="ID",
            help="These comments, whatever their status.",
        )
        super().add_arguments(parser)

    def task_arguments(self, options: dict[str, Any]) -> dict[str, Any]:
        return {name: options[name] for name in ("limit", "comment_ids")}

    def run_here(self, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
        return read_comments(progress=progress, **arguments)

    def summary(self, result: dict[str, Any]) -> str:
        if not result["comments"]:
            return "No comment is pending. Collect threads first: manage.py process_waywo_posts."
        return (
            f"{result['processed']} comments read, {result['skipped']} skipped, {result['failed']} failed: "
            f"{result['valid_projects']} projects ({result['duplicates_linked']} seen before), "
            f"{result['invalid_skipped']} parts that are none."
        )
