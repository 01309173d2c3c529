import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from core.commands import WaywoCommand, progress_bar, whole_number
from core.http import OutsideError
from projects.evaluation import EvaluationError, compare, evaluate
from projects.extraction.reading import ANALYSTS

LINES = {
    "comments": "comments read",
    "failed": "of these failed",
    "projects": "projects found",
    "none_precision": "no project: precision",
    "none_recall": "no project: recall",
    "none_f1": "no project: F1",
    "labelled_links": "comments with a labelled link",
    "links_found": "labelled links found as primary URL",
    "stack_found": "labelled stack found among the tags",
    "titles_found": "labelled titles found",
    "industry": "likeness of the best tag to the industry",
    "similarity": "similarity to the labelled one-liner",
    "calls_per_comment": "LLM calls per comment",
    "tokens_in_per_comment": "tokens in per comment",
    "tokens_out_per_comment": "tokens out per comment",
    "seconds_per_comment": "seconds per comment",
}


class Command(WaywoCommand):
    help = "Measure an analyst on a labelled thread, in a scratch database; or compare two such measurements."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--items", type=Path, help="The thread: JSON Lines in the item format of Hacker News.")
        parser.add_argument("--labels", type=Path, help="What is true of its comments: JSON Lines.")
        parser.add_argument("--analyst", choices=ANALYSTS, help="Who reads; else llm where LLM_BASE_URL is set.")
        parser.add_argument("--limit", type=whole_number("--limit"), help="How many comments; else all.")
        parser.add_argument("--json", action="store_true", help="Print all of it as one JSON object on the last line.")
        parser.add_argument("--compare", nargs=2, type=Path, metavar=("A", "B"), help="Two outputs of --json.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["compare"]:
                one, other = options["compare"]
                self._compare(one, other, as_json=options["json"])
            else:
                self._evaluate(options)
        except (EvaluationError, OutsideError, ValueError) as error:
            raise CommandError(str(error)) from error

    def _evaluate(self, options: dict[str, Any]) -> None:
        if not options["items"] or not options["labels"]:
            raise CommandError("It takes --items and --labels, or --compare.", returncode=2)
        progress = progress_bar(self)
        try:
            result = evaluate(
                options["items"],
                options["labels"],
                analyst=options["analyst"] or "",
                limit=options["limit"],
                progress=progress,
            )
        finally:
            progress.close()
        if options["json"]:
            self.stdout.write(json.dumps(result))
            return
        self.stdout.write(f"{result['analyst']}, prompt version {result['prompt_version']}")
        for name, title in LINES.items():
            self.stdout.write(f"{title:<40}{_shown(result['summary'][name]):>10}")

    def _compare(self, one: Path, other: Path, *, as_json: bool) -> None:
        changes = compare(_load(one), _load(other))
        if as_json:
            self.stdout.write(json.dumps(changes))
            return
        for name, (before, after) in changes["summary"].items():
            self.stdout.write(f"{LINES.get(name, name):<40}{_shown(before):>10} -> {_shown(after)}")
        self.stdout.write(f"{len(changes['comments'])} of {changes['compared']} comments differ.")
        for pk, fields in changes["comments"].items():
            self.stdout.write(f"{pk}")
            for name, (before, after) in fields.items():
                self.stdout.write(f"  {name}: {before} -> {after}")


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"


def _load(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8").rstrip("\n").rsplit("\n", 1)[-1])
    except (OSError, ValueError) as error:
        raise EvaluationError(f"{path}: cannot be read as JSON: {error}.") from None
