import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.commands import whole_number
from projects.search.searching import search


class Command(BaseCommand):
    help = "Find projects by words and by meaning, best first; rejected ones are left out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("text", help='What to look for; "exact words", or and -not count for the words.')
        parser.add_argument("--limit", type=whole_number("--limit"), default=10, help="How many projects (10).")
        parser.add_argument("--json", action="store_true", help="Print the result as one JSON object on the last line.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = search(options["text"], limit=options["limit"])
        rows = [
            {
                "id": project.pk,
                "title": project.title,
                "short_description": project.short_description,
                "primary_url": project.primary_url,
            }
            for project in (hit.project for hit in found.hits)
        ]
        if options["json"]:
            self.stdout.write(json.dumps({"status": "success", "projects": rows}))
            return
        for row in rows:
            line = f"{row['id']:>7} {row['title']}: {row['short_description']} {row['primary_url']}"
            self.stdout.write(line.rstrip())
        if not rows:
            self.stdout.write("Nothing found.")
