import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from core.commands import WaywoCommand, progress_bar, require_tables
from core.http import OutsideError
from projects.language.embeddings import get_embedder
from projects.reembedding import reembed


class Command(WaywoCommand):
    help = "Move the index to the configured embedding model, in batches; go on where an earlier run stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print the result as one JSON object on the last line.")

    def handle(self, *args: Any, **options: Any) -> None:
        require_tables()
        progress = progress_bar(self)
        try:
            result = reembed(get_embedder(), progress)
        except OutsideError as error:
            raise CommandError(f"{error}. What was embedded stays; run it again to go on.") from error
        finally:
            progress.close()
        if options["json"]:
            self.stdout.write(json.dumps(result))
        else:
            self.stdout.write(
                f"{result['embedded']} projects embedded by {result['model']} "
                f"({result['dimensions']} dimensions, index: {result['index']})."
            )
