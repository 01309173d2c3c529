"""Measures answers: over a file of questions, each with what its answer must cite, or that there is none."""

import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.http import OutsideError
from core.progress import Progress, no_progress
from projects.asking.answering import answer_question
from projects.asking.models import Conversation, Question
from projects.asking.questions import ask_question

FIELDS = {"question", "kind", "cites", "says", "before", "unanswerable"}


class EvaluationError(Exception):
    """The file cannot be used; the message is one line with the file and, where known, the line."""


@dataclass(frozen=True)
class Expected:
    """A question and what is held to be right of its answer.

    ``cites`` are titles that sentences which stand must cite, ``says`` figures or words that they must say. One of both
    is enough where it is a text with "|". ``before`` are questions that the conversation has already.
    """

    question: str
    kind: str = ""
    cites: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    unanswerable: bool = False


def read_questions(path: Path) -> list[Expected]:
    """Return the questions of a JSON Lines file. Raises EvaluationError."""
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path}: cannot be read: {error}.") from None
    return [_expected(path, number, line) for number, line in enumerate(lines, 1)]


def _expected(path: Path, number: int, line: str) -> Expected:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise EvaluationError(f"{path}, line {number}: is not JSON: {error}.") from None
    if not isinstance(row, dict) or not isinstance(row.get("question"), str) or row.keys() - FIELDS:
        fields = ", ".join(sorted(FIELDS))
        raise EvaluationError(f"{path}, line {number}: must be an object with 'question', and of {fields}.")
    lists = {name: tuple(map(str, row.get(name) or ())) for name in ("cites", "says", "before")}
    return Expected(row["question"], str(row.get("kind") or ""), unanswerable=bool(row.get("unanswerable")), **lists)


def evaluate(
    questions: list[Expected], *, progress: Progress = no_progress, each: Callable[[dict[str, Any]], None] | None = None
) -> dict[str, Any]:
    """Ask all ``questions`` of the index as it is, one after another; return the figures, and a row for each.

    ``each`` is told every row as it comes. What was asked is removed again.
    """
    rows = []
    for place, expected in enumerate(questions):
        progress("asking", place, len(questions))
        rows.append(_asked(expected))
        if each is not None:
            each(rows[-1])
    return summarise(rows) | {"rows": rows}


def _asked(expected: Expected) -> dict[str, Any]:
    conversation = Conversation.objects.create()
    try:
        for text in (*expected.before, expected.question):
            question = _answered(ask_question(text, conversation, address="", in_worker=False))
        return judged(question, expected)
    finally:
        conversation.delete()


def _answered(question: Question) -> Question:
    try:
        return answer_question(question.pk)
    except OutsideError:
        question.refresh_from_db()  # It says what went wrong.
        return question


def judged(question: Question, expected: Expected) -> dict[str, Any]:
    """Return how the answer to a question stands to what was ``expected`` of it."""
    standing = question.grounded
    labels = {result["number"]: str(result["label"]) for result in question.results}
    cited = {labels[number].casefold() for sentence in standing for number in sentence["citations"]}
    says = " ".join(sentence["text"] for sentence in standing).casefold()
    is_refused = question.status == Question.Status.NOTHING
    missing = [title for title in expected.cites if not _any(title, lambda name: name in cited)]
    unsaid = [words for words in expected.says if not _any(words, lambda word: word in says)]
    is_right = question.status == Question.Status.ANSWERED and not (missing or unsaid)
    return {
        "question": expected.question,
        "kind": expected.kind,
        "unanswerable": expected.unanswerable,
        "status": question.status,
        "right": is_refused if expected.unanswerable else is_right,
        "missing": [*missing, *unsaid],
        "sentences": len(question.sentences),
        "ungrounded": len(question.sentences) - len(standing),
        "plan": question.plan,
        "answer": question.sentences,
        "results": [f"[{number}] {label}" for number, label in labels.items()],
        "seconds_to_first": question.seconds_to_first,
        "seconds": question.seconds,
        "calls": question.calls,
        "tokens_in": question.tokens_in,
        "tokens_out": question.tokens_out,
        "error": question.error,
    }


def _any(alternatives: str, holds: Callable[[str], bool]) -> bool:
    return any(holds(each.strip().casefold()) for each in alternatives.split("|"))


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of all rows."""
    answerable = [row for row in rows if not row["unanswerable"]]
    others = [row for row in rows if row["unanswerable"]]
    first = [row["seconds_to_first"] for row in rows if row["seconds_to_first"] is not None]
    return {
        "questions": len(rows),
        "answerable": len(answerable),
        "right": sum(row["right"] for row in answerable),
        "refused_wrongly": sum(row["status"] == Question.Status.NOTHING for row in answerable),
        "unanswerable": len(others),
        "refused": sum(row["right"] for row in others),
        "failed": sum(row["status"] == Question.Status.FAILED for row in rows),
        "sentences": sum(row["sentences"] for row in rows),
        "ungrounded": sum(row["ungrounded"] for row in rows),
        "seconds_to_first": round(statistics.median(first), 2) if first else None,
        "seconds": round(statistics.median(row["seconds"] for row in rows), 2) if rows else None,
        "calls": sum(row["calls"] for row in rows),
        "tokens_in": sum(row["tokens_in"] for row in rows),
        "tokens_out": sum(row["tokens_out"] for row in rows),
    }
