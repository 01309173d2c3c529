import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from core.commands import WaywoCommand, progress_bar, require_tables, whole_number
from projects.asking.evaluation import EvaluationError, evaluate, read_questions
from projects.asking.limits import AskError
from projects.asking.questions import has_model

LINES = {
    "questions": "questions",
    "answerable": "of these can be answered",
    "right": "answered with what must be cited",
    "refused_wrongly": "refused although they can be answered",
    "unanswerable": "cannot be answered",
    "refused": "of these refused",
    "failed": "failed",
    "sentences": "sentences",
    "ungrounded": "of these without ground, and marked so",
    "seconds_to_first": "seconds to the first sentence, median",
    "seconds": "seconds to the end, median",
    "calls": "LLM calls",
    "tokens_in": "tokens in",
    "tokens_out": "tokens out",
}


class Command(WaywoCommand):
    help = "Measure the answers of `ask` over a file of questions, each with what must be cited, on the index as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file",
            type=Path,
            help="JSON Lines: question, kind, cites (titles), says (figures or words), before, unanswerable.",
        )
        parser.add_argument("--limit", type=whole_number("--limit"), help="How many questions; else all.")
        parser.add_argument("--json", action="store_true", help="Print all of it as one JSON object on the last line.")

    def handle(self, *args: Any, **options: Any) -> None:
        require_tables()
        if not has_model():
            raise CommandError("Answers are written by a language model: set LLM_BASE_URL and LLM_MODEL.", returncode=2)
        progress = progress_bar(self)
        try:
            questions = read_questions(options["file"])[: options["limit"]]
            found = evaluate(questions, progress=progress, each=None if options["json"] else self._tell)
        except (EvaluationError, AskError) as error:
            raise CommandError(str(error), returncode=2) from error
        finally:
            progress.close()
        if options["json"]:
            self.stdout.write(json.dumps(found))
            return
        for name, words in LINES.items():
            self.stdout.write(f"{words}: {'-' if found[name] is None else found[name]}")

    def _tell(self, row: dict[str, Any]) -> None:
        if not row["right"]:
            lacks = f" (lacks {', '.join(row['missing'])})" if row["missing"] and not row["unanswerable"] else ""
            self.stdout.write(f"not right: {row['question']}: {row['status']}{lacks} {row['error']}".rstrip())
