import json
from typing import Any, get_args

from django.core.management.base import CommandError, CommandParser

from core.commands import WaywoCommand, require_tables, whole_number
from projects.search.query import SYNTAX
from projects.search.searching import Hit, Mode, SearchTooSlow, search


class Command(WaywoCommand):
    help = "Find projects by name, words and meaning, best first; rejected ones are left out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "text", help=f"What to look for, as on the pages: {', '.join(typed for typed, _ in SYNTAX)}."
        )
        parser.add_argument(
            "--mode", choices=get_args(Mode), default="hybrid", help="By words and meaning (hybrid), or by one of them."
        )
        parser.add_argument("--limit", type=whole_number("--limit"), default=10, help="How many projects (10).")
        parser.add_argument("--json", action="store_true", help="Print the result as one JSON object on the last line.")

    def handle(self, *args: Any, **options: Any) -> None:
        require_tables()
        try:
            found = search(options["text"], mode=options["mode"], limit=options["limit"])
        except SearchTooSlow as error:
            raise CommandError(str(error)) from error
        if found.query.is_empty:
            raise CommandError("There is nothing to look for: name a word, or a condition as tag:rust.", returncode=2)
        notes = [note for note in (*found.query.messages, found.notice) if note]
        if options["json"]:
            rows = [_row(hit) for hit in found.hits]
            self.stdout.write(
                json.dumps({"status": "success", "mode": found.mode, "messages": notes, "projects": rows})
            )
            return
        for note in notes:
            self.stderr.write(note)
        for hit in found.hits:
            project, why = hit.project, f"({', '.join(hit.reasons)})" if hit.reasons else ""
            line = f"{project.pk:>7} {project.title}: {project.short_description} {project.primary_url} {why}"
            self.stdout.write(line.rstrip())
        if not found.hits:
            self.stdout.write("Nothing found.")


def _row(hit: Hit) -> dict[str, Any]:
    return {
        "id": hit.project.pk,
        "title": hit.project.title,
        "short_description": hit.project.short_description,
        "primary_url": hit.project.primary_url,
        "why": list(hit.reasons),
    }
