import json
from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from core.commands import WaywoCommand, require_tables
from core.http import OutsideError
from projects.asking.answering import STOPPED, answer_question
from projects.asking.limits import AskError
from projects.asking.models import Conversation, Question
from projects.asking.questions import ask_question
from projects.asking.recording import Ended, note_end
from projects.asking.showing import ShownAnswer, shown_answer


class Command(WaywoCommand):
    help = "Ask the index a question: steps and sentences as they come, then the results that carry them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("text", help="The question, in words.")
        parser.add_argument("--after", metavar="ID", help="A question that this one follows: its conversation goes on.")
        parser.add_argument("--json", action="store_true", help="Print the result as one JSON object on the last line.")

    def handle(self, *args: Any, **options: Any) -> None:
        require_tables()
        tell = (lambda kind, what: None) if options["json"] else self._tell
        try:
            question = ask_question(options["text"], _conversation(options["after"]), address="", in_worker=False)
        except AskError as error:
            raise CommandError(str(error), returncode=2) from error
        try:
            question = answer_question(question.pk, tell=tell)
        except OutsideError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            # Nobody else answers it who could notice a stop.
            with suppress(Ended):
                note_end(question, Question.Status.STOPPED, reason=STOPPED)
            raise
        shown = shown_answer(question)
        if options["json"]:
            self.stdout.write(json.dumps(_as_dict(shown)))
        else:
            self._show(shown)
        if question.status == Question.Status.FAILED:
            raise CommandError(question.reason)

    def _tell(self, kind: str, what: Any) -> None:
        if kind == "step":
            self.stderr.write(what)
        elif kind == "sentence":
            numbers = "".join(f"[{number}]" for number in what["citations"])
            self.stdout.write(f"{what['text']} {numbers}".rstrip() + ("" if what["grounded"] else f" ({what['why']})"))
            self.stdout.flush()

    def _show(self, shown: ShownAnswer) -> None:
        question = shown.question
        if question.reason:
            self.stdout.write(question.reason)
        cited = {number for sentence in shown.sentences for number in sentence.citations}
        for result in shown.results:
            if result.number in cited or question.status == Question.Status.SEARCHED:
                rows = "; ".join(f"{name} {value}" for name, value in result.rows)
                self.stdout.write(
                    f"[{result.number}] {result.label}{f': {rows}' if rows else ''} {result.address}".rstrip()
                )
        if question.status == Question.Status.NOTHING and shown.nearest:
            self.stdout.write("Nearest: " + ", ".join(project.title for project in shown.nearest))


def _conversation(after: str | None) -> Conversation | None:
    """Return the conversation of a question that is named. Raises CommandError where there is none."""
    if after is None:
        return None
    try:
        question = Question.objects.get(pk=after)
    except (Question.DoesNotExist, ValidationError):
        raise CommandError(f"--after={after!r}: there is no such question.", returncode=2) from None
    return question.conversation


def _as_dict(shown: ShownAnswer) -> dict[str, Any]:
    question = shown.question
    return {
        "status": question.status,
        "question_id": str(question.pk),
        "question": question.text,
        "reason": question.reason,
        "sentences": [
            {"text": each.text, "citations": each.citations, "grounded": each.grounded, "why": each.why}
            for each in shown.sentences
        ],
        "results": [
            {
                "number": each.number,
                "kind": each.kind,
                "label": each.label,
                "project_id": each.project.pk if each.project else None,
                "rows": [list(row) for row in each.rows],
                "address": each.address,
            }
            for each in shown.results
        ],
        "nearest": [{"id": project.pk, "title": project.title} for project in shown.nearest],
        "plan": question.plan,
        "model": question.model,
        "calls": question.calls,
        "tokens_in": question.tokens_in,
        "tokens_out": question.tokens_out,
        "seconds_to_first": question.seconds_to_first,
        "seconds": question.seconds,
    }
