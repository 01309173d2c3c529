"""Writes down what happens to a question while it is answered, so that whoever follows it can go on from anywhere."""

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from projects.asking.models import Question, QuestionEvent
from projects.language.metering import Usage

Kind = QuestionEvent.Kind
COSTS = ("calls", "tokens_in", "tokens_out")


class Ended(Exception):
    """The question has ended meanwhile, as by a stop: nothing more is written down."""


def _held(question: Question) -> Question:
    """Return the row, held until the transaction ends. Raises Ended for one that has, or that was removed."""
    row = Question.objects.select_for_update().filter(pk=question.pk).first()
    if row is None or row.is_finished:
        raise Ended(f"Question {question.pk} has ended.")
    return row


def _note(row: Question, kind: str, data: dict[str, Any]) -> None:
    last = row.events.order_by("-number").values_list("number", flat=True).first() or 0
    QuestionEvent.objects.create(question=row, number=last + 1, kind=kind, data=data)


@transaction.atomic
def note_step(question: Question, name: str, told: str) -> None:
    """Note that a step began: its ``name``, and what it does as a person reads it. Raises Ended."""
    _note(_held(question), Kind.STEP, {"step": name, "told": told})


@transaction.atomic
def note_results(
    question: Question, results: list[dict[str, Any]], plan: dict[str, Any], nearest: list[int] | None = None
) -> None:
    """Note what the tools found, numbered from 1, and what they were asked. Raises Ended."""
    row = _held(question)
    row.results, row.plan = results, plan
    row.nearest = row.nearest if nearest is None else nearest
    row.save(update_fields=["results", "plan", "nearest"])
    _note(row, Kind.RESULTS, {})


@transaction.atomic
def note_sentence(question: Question, sentence: dict[str, Any]) -> None:
    """Note one more sentence of the answer. Raises Ended."""
    row = _held(question)
    if not row.sentences:
        row.seconds_to_first = _seconds_since(row)
    row.sentences = [*row.sentences, sentence]
    row.save(update_fields=["sentences", "seconds_to_first"])
    _note(row, Kind.SENTENCE, {"place": len(row.sentences) - 1})


@transaction.atomic
def note_end(question: Question, status: str, spent: Usage | None = None, **fields: Any) -> None:
    """Note how the question ended, what was ``spent`` on this try, and other ``fields`` of it. Raises Ended."""
    row = _held(question)
    row.status, row.finished_at, row.seconds = status, timezone.now(), _seconds_since(row)
    for name, value in fields.items():
        setattr(row, name, value)
    _add(row, spent or Usage())
    row.save(update_fields=["status", "finished_at", "seconds", *COSTS, *fields])
    _note(row, Kind.END, {})


@transaction.atomic
def note_another_try(question: Question, spent: Usage, error: str) -> None:
    """Note that the question waits for another try, and what this one cost. Raises Ended."""
    row = _held(question)
    row.status, row.error = Question.Status.WAITING, error[:2000]
    _add(row, spent)
    row.save(update_fields=["status", "error", *COSTS])


def note_cost(question: Question, spent: Usage) -> None:
    """Note what was ``spent`` on a question, ended or not."""
    Question.objects.filter(pk=question.pk).update(
        calls=F("calls") + spent.calls,
        tokens_in=F("tokens_in") + spent.tokens_in,
        tokens_out=F("tokens_out") + spent.tokens_out,
    )


def _add(row: Question, spent: Usage) -> None:
    row.calls += spent.calls
    row.tokens_in += spent.tokens_in
    row.tokens_out += spent.tokens_out


def _seconds_since(row: Question) -> float:
    return round((timezone.now() - row.created_at).total_seconds(), 2)
