"""A conversation with the index as its page shows it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from projects.asking.models import Conversation, Question, QuestionEvent
from projects.asking.showing import ShownResult, ShownSentence, shown_answers
from projects.site.rows import Row, rows


@dataclass(frozen=True)
class Sentence:
    """One sentence of an answer, with the results that carry it."""

    shown: ShownSentence
    sources: list[ShownResult]


@dataclass(frozen=True)
class Asked:
    """A question with what there is of its answer."""

    question: Question
    steps: list[tuple[int, str]]
    """Number and text of each step so far."""
    sentences: list[Sentence]
    results: list[ShownResult]
    nearest: list[Row] = field(default_factory=list)

    @property
    def sources(self) -> list[ShownResult]:
        """The results that a sentence stands on, each once, by number."""
        cited = {source.number: source for sentence in self.sentences for source in sentence.sources}
        return [cited[number] for number in sorted(cited)]

    @property
    def has_unfounded(self) -> bool:
        """Whether a sentence stands on no result."""
        return any(not sentence.shown.grounded for sentence in self.sentences)

    @property
    def tools(self) -> list[tuple[str, list[ShownResult]]]:
        """The tools that were asked, in their order, each with what it found."""
        found: dict[str, list[ShownResult]] = {}
        for result in self.results:
            found.setdefault(result.tool.replace("_", " "), []).append(result)
        return list(found.items())


def asked_in(conversation: Conversation) -> list[Asked]:
    """Return the questions of a conversation, oldest first, with what may be shown of their answers now."""
    questions = list(conversation.questions.order_by("number"))
    steps = _steps(questions)
    shown = shown_answers(questions)
    nearest = {row.pk: row for row in rows({project.pk for answer in shown for project in answer.nearest})}
    return [
        Asked(
            question=answer.question,
            steps=steps.get(answer.question.pk, []),
            sentences=[_with_sources(sentence, answer.results) for sentence in answer.sentences],
            results=answer.results,
            nearest=[nearest[project.pk] for project in answer.nearest if project.pk in nearest],
        )
        for answer in shown
    ]


def _steps(questions: Iterable[Question]) -> dict[object, list[tuple[int, str]]]:
    steps: dict[object, list[tuple[int, str]]] = {}
    events = QuestionEvent.objects.filter(question__in=questions, kind=QuestionEvent.Kind.STEP).order_by("number")
    for event in events:
        steps.setdefault(event.question_id, []).append((event.number, str(event.data.get("told", ""))))
    return steps


def _with_sources(sentence: ShownSentence, results: Iterable[ShownResult]) -> Sentence:
    numbered = {result.number: result for result in results}
    return Sentence(sentence, [numbered[number] for number in sentence.citations if number in numbered])
