import json
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from core.commands import WaywoCommand, require_tables, whole_number
from projects.models import Project
from projects.reviewing.merging import find_likely_pairs


class Command(WaywoCommand):
    help = "List pairs of projects that may be one, across authors, for a person to merge in the admin."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--threshold", type=float, help="Cosine similarity, 0 to 1; else the one of the settings.")
        parser.add_argument("--limit", type=whole_number("--limit"), default=100, help="How many pairs (100).")
        parser.add_argument("--json", action="store_true", help="Print the result as one JSON object on the last line.")

    def handle(self, *args: Any, **options: Any) -> None:
        require_tables()
        threshold = options["threshold"]
        if threshold is None:
            threshold = settings.DEDUP_SIMILARITY_THRESHOLD
        if not 0 <= threshold <= 1:
            raise CommandError(f"--threshold={threshold} is invalid: it expects a number from 0 to 1.", returncode=2)
        pairs = find_likely_pairs(threshold, options["limit"])
        found = Project.objects.only("title").in_bulk([pk for pair in pairs for pk in pair.ids])
        titles = {pk: project.title for pk, project in found.items()}
        if options["json"]:
            rows = [
                {
                    "projects": pair.ids,
                    "titles": [titles[pk] for pk in pair.ids],
                    "similarity": pair.similarity,
                    "same_url": pair.same_url,
                }
                for pair in pairs
            ]
            self.stdout.write(json.dumps({"status": "success", "pairs": rows}))
            return
        for pair in pairs:
            alike = "" if pair.similarity is None else f"{pair.similarity:.2f}"
            reason = "same address" if pair.same_url else ""
            one, other = (f"{pk} {titles[pk]!r}" for pk in pair.ids)
            self.stdout.write(f"{alike:>5} {reason:<13} {one} and {other}")
        self.stdout.write(f"{len(pairs)} likely pairs. Merge them in the admin.")
