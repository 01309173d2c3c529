from typing import Any

from django.core.management.base import CommandParser

from comments.collecting import collect_posts
from comments.saving import missed_comments
from comments.sources import SOURCES
from comments.sources.known_threads import ThreadsFileError
from core.commands import JobCommand, whole_number
from core.http import OutsideError
from core.progress import Progress


class Command(JobCommand):
    help = "Collect the newest threads of all enabled sources that are live or not complete yet."
    task_name = "process_waywo_posts"
    expected_errors = (ThreadsFileError, OutsideError)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--limit-posts",
            "--limit",
            type=whole_number("--limit-posts"),
            help="How many threads of each source, newest first; else all.",
        )
        parser.add_argument(
            "--limit-comments", type=whole_number("--limit-comments"), help="How many comments of each; else all."
        )
        parser.add_argument(
            "--source", help=f"One of {', '.join(SOURCES)}, enabled or not; else all that SOURCES names."
        )
        parser.add_argument(
            "--max-age-days",
            type=whole_number("--max-age-days"),
            help="Only threads posted in the last so many days; else all.",
        )
        super().add_arguments(parser)

    def task_arguments(self, options: dict[str, Any]) -> dict[str, Any]:
        return {name: options[name] for name in ("limit_posts", "limit_comments", "source", "max_age_days")}

    def run_here(self, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
        return collect_posts(progress=progress, **arguments)

    def failures(self, result: dict[str, Any]) -> list[str]:
        missed = [line for post in result.get("posts", []) for line in missed_comments(post)]
        return super().failures(result) + missed

    def summary(self, result: dict[str, Any]) -> str:
        saved = sum(post["comments_saved"] for post in result["posts"])
        updated = sum(post["comments_updated"] for post in result["posts"])
        return (
            f"{len(result['posts'])} threads collected, {len(result['errors'])} failed: "
            f"{saved} comments saved, {updated} updated."
        )
