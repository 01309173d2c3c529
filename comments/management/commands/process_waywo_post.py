from typing import Any

from django.core.management.base import CommandParser

from comments.adding import CollectionError
from comments.collecting import collect_post
from comments.saving import missed_comments
from core.commands import JobCommand, whole_number
from core.http import OutsideError
from core.progress import Progress


class Command(JobCommand):
    help = "Collect one thread from Hacker News: its title, text and top-level comments."
    task_name = "process_waywo_post"
    expected_errors = (CollectionError, OutsideError)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("post_id", type=whole_number("post_id"), help="The Hacker News item id of the thread.")
        parser.add_argument("--year", type=whole_number("--year"), help="The year it belongs to; else from its title.")
        parser.add_argument("--month", type=whole_number("--month"), help="The month it belongs to, 1 to 12.")
        parser.add_argument(
            "--limit-comments", "--limit", type=whole_number("--limit-comments"), help="How many comments; else all."
        )
        super().add_arguments(parser)

    def task_arguments(self, options: dict[str, Any]) -> dict[str, Any]:
        return {name: options[name] for name in ("post_id", "year", "month", "limit_comments")}

    def run_here(self, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
        return collect_post(progress=progress, **arguments).as_dict()

    def failures(self, result: dict[str, Any]) -> list[str]:
        return super().failures(result) + missed_comments(result)

    def summary(self, result: dict[str, Any]) -> str:
        if result["deleted"]:
            return f"{result['title']}: deleted at its source; schedules no longer ask for it, what is stored stays."
        return (
            f"{result['title']}: {result['comments_saved']} comments saved, {result['comments_updated']} updated, "
            f"{result['comments_skipped']} unchanged or not served, {len(result['failed'])} failed."
        )
