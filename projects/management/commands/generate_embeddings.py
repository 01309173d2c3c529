from typing import Any

from django.core.management.base import CommandParser

from core.commands import JobCommand, whole_number
from core.http import OutsideError
from core.progress import Progress
from projects.language.embeddings import get_embedder
from projects.reembedding import generate_embeddings


class Command(JobCommand):
    help = "Embed the projects that have no embedding by the configured model yet, or the given ones anew."
    task_name = "generate_embeddings"
    expected_errors = (OutsideError,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--project-ids",
            nargs="+",
            type=whole_number("--project-ids"),
            metavar="ID",
            help="These projects, embedded or not.",
        )
        parser.add_argument("--limit", type=whole_number("--limit"), help="How many projects; else all.")
        super().add_arguments(parser)

    def task_arguments(self, options: dict[str, Any]) -> dict[str, Any]:
        return {name: options[name] for name in ("project_ids", "limit")}

    def run_here(self, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
        return generate_embeddings(get_embedder(), progress=progress, **arguments)

    def summary(self, result: dict[str, Any]) -> str:
        left = f"; {result['left']} are left to do" if result["left"] else ""
        return f"{result['embedded']} projects embedded by {result['model']}{left}."
