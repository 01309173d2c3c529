from typing import Any

from django.core.management.base import CommandParser

from core.commands import JobCommand, whole_number
from core.http import OutsideError
from core.jobs.retrying import GivenUp
from core.progress import Progress
from projects.extraction.reading import ReadingError, read_comment


class Command(JobCommand):
    help = "Read one comment, whatever its status, and save the projects in it."
    task_name = "process_waywo_comment"
    expected_errors = (ReadingError, GivenUp, OutsideError)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("comment_id", type=whole_number("comment_id"), help="The comment's id.")
        parser.add_argument("--fresh", action="store_true", help="Ask the model anew, whatever answers were kept.")
        super().add_arguments(parser)

    def task_arguments(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"comment_id": options["comment_id"], **({"fresh": True} if options["fresh"] else {})}

    def run_here(self, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
        return read_comment(progress=progress, **arguments).as_dict()

    def summary(self, result: dict[str, Any]) -> str:
        if result["status"] == "skipped":
            return f"Comment {result['comment_id']} skipped: {result['reason']}."
        return (
            f"Comment {result['comment_id']}: {result['valid_projects']} projects, "
            f"{result['invalid_skipped']} parts that are none, {result['duplicates_linked']} seen before."
        )
