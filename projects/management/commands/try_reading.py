import json
import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from core.commands import JobCommand, progress_bar, require_tables
from core.http import OutsideError
from core.progress import Progress
from projects.extraction.reading import ANALYSTS, ReadingError
from projects.extraction.trial_report import beside, report
from projects.extraction.trying import LONGEST_TEXT, try_reading


class Command(JobCommand):
    help = "Read a comment or a text and show all that came of it, without saving anything."
    task_name = "try_reading"
    expected_errors = (ReadingError, OutsideError)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", nargs="?", help="A comment's id, or - for a text on standard input.")
        parser.add_argument("--text", help="A text that is read as if it were a comment.")
        parser.add_argument(
            "--analyst",
            action="append",
            choices=ANALYSTS,
            help="Who reads; given twice, both, one beside the other. Else llm where LLM_BASE_URL is set.",
        )
        parser.add_argument("--model", help="Another model of the same server than LLM_MODEL.")
        parser.add_argument("--fresh", action="store_true", help="Ask the model anew, whatever answers were kept.")
        super().add_arguments(parser)

    def task_arguments(self, options: dict[str, Any]) -> dict[str, Any]:
        what, text = options["what"], options["text"]
        if (what is None) == (text is None):
            raise CommandError("It takes a comment's id, - or --text, one of them.", returncode=2)
        if what == "-":
            # One more than it takes, so that a longer one is refused rather than cut.
            text = sys.stdin.read(LONGEST_TEXT + 1)
        elif what is not None and not (what.isdecimal() and 0 < len(what) < 19):
            raise CommandError(f"{what!r} is no comment's id; a text goes behind --text.", returncode=2)
        about: dict[str, Any] = {"comment_id": int(what)} if text is None else {"text": text}
        given = {name: options[name] for name in ("model", "fresh") if options[name]}
        return about | given | ({"analyst": options["analyst"][0]} if options["analyst"] else {})

    def handle(self, *args: Any, **options: Any) -> None:
        analysts = list(dict.fromkeys(options["analyst"] or []))
        if len(analysts) < 2:
            super().handle(*args, **options)
        elif options["queue"]:
            raise CommandError("--queue takes one analyst.", returncode=2)
        else:
            self._compare(analysts, options)

    def run_here(self, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
        return try_reading(**arguments, progress=progress)

    def failures(self, result: dict[str, Any]) -> list[str]:
        return [result["error"]] if result.get("error") else [lost["error"] for lost in result.get("lost", [])]

    def summary(self, result: dict[str, Any]) -> str:
        return report(result)

    def _compare(self, analysts: list[str], options: dict[str, Any]) -> None:
        """Have both analysts read, and show one beside the other."""
        require_tables()
        arguments = self.task_arguments(options)
        model = arguments.pop("model", "")
        progress = progress_bar(self)
        readings = []
        try:
            for analyst in analysts:
                asked = arguments | {"analyst": analyst} | ({"model": model} if analyst == "llm" else {})
                readings.append(try_reading(**asked, progress=progress))
        except (ValueError, *self.expected_errors) as error:
            raise CommandError(str(error)) from error
        finally:
            progress.close()
        failures = [failure for reading in readings for failure in self.failures(reading)]
        if options["json"]:
            self.stdout.write(json.dumps({"status": "partial" if failures else "success", "readings": readings}))
        else:
            self.stdout.write(beside(readings))
        if failures:
            sys.exit(1)
