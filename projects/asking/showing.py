"""What may be shown of a stored answer. Projects that strangers may not see any more are left out, with what was said
of them: an answer outlives what it was made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from projects.asking.models import Question, QuestionEvent
from projects.models import Project

HIDDEN = "A sentence about a project that is no longer in the index."


@dataclass(frozen=True)
class ShownResult:
    """One result of a tool. ``project`` is its row where it is one; ``is_gone`` where that may not be shown."""

    number: int
    kind: str
    label: str
    tool: str = ""
    text: str = ""
    rows: list[tuple[str, str]] = field(default_factory=list)
    """Figures: what is counted, and how many."""
    address: str = ""
    """Where the same is shown on the site."""
    project: Project | None = None
    is_gone: bool = False


@dataclass(frozen=True)
class ShownSentence:
    """One sentence, the numbers of the results that carry it, and where they do not, why."""

    place: int
    text: str
    citations: list[int]
    grounded: bool
    why: str = ""


@dataclass(frozen=True)
class ShownAnswer:
    """All that a page shows of a question."""

    question: Question
    results: list[ShownResult]
    sentences: list[ShownSentence]
    nearest: list[Project]


def shown_answer(question: Question) -> ShownAnswer:
    """Return what may be shown of ``question`` now."""
    return shown_answers([question])[0]


def shown_answers(questions: Sequence[Question]) -> list[ShownAnswer]:
    """Return what may be shown of each of ``questions`` now; their projects are asked for together."""
    ids = {pk for question in questions for pk in (*_projects_of(question), *question.nearest)}
    rows = Project.objects.published().filter(pk__in=ids).without_heavy_fields().prefetch_related("tags")
    projects = {project.pk: project for project in rows}
    return [_shown(question, projects) for question in questions]


def _projects_of(question: Question) -> Iterator[int]:
    for result in question.results:
        yield from _named_in(result)


def _named_in(result: dict[str, Any]) -> list[int]:
    """Return the ids of the projects that a stored result is, or names among its figures."""
    return [pk for pk in (result.get("project"), *result.get("named", ())) if pk]


def _shown(question: Question, projects: dict[int, Project]) -> ShownAnswer:
    results = [_result(result, projects) for result in question.results]
    gone = {result.number for result in results if result.is_gone}
    names = [str(raw["label"]).casefold() for raw in question.results if raw["number"] in gone]
    return ShownAnswer(
        question=question,
        results=results,
        sentences=[_sentence(place, raw, gone, names) for place, raw in enumerate(question.sentences)],
        nearest=[projects[pk] for pk in question.nearest if pk in projects],
    )


def _result(raw: dict[str, Any], projects: dict[int, Project]) -> ShownResult:
    pk = raw.get("project")
    if not projects.keys() >= set(_named_in(raw)):
        return ShownResult(raw["number"], raw["kind"], "A project that is no longer in the index", is_gone=True)
    project = projects[pk] if pk else None
    return ShownResult(
        number=raw["number"],
        kind=raw["kind"],
        label=project.title if project else raw["label"],
        tool=raw.get("tool", ""),
        text=raw.get("text", ""),
        rows=[(str(name), str(value)) for name, value in raw.get("rows", [])],
        address=project.get_absolute_url() if project else raw.get("address", ""),
        project=project,
    )


def _sentence(place: int, raw: dict[str, Any], gone: set[int], names: list[str]) -> ShownSentence:
    says = raw["text"].casefold()
    if gone & set(raw["citations"]) or any(name and name in says for name in names):
        return ShownSentence(place, HIDDEN, [], grounded=False, why=HIDDEN)
    return ShownSentence(place, raw["text"], raw["citations"], raw["grounded"], raw.get("why", ""))


def events_after(question: Question, number: int) -> Iterator[tuple[QuestionEvent, Any]]:
    """Yield the events after ``number``, each with what it is about.

    That is a dict of ``step`` and ``told``, the list of ShownResult, a ShownSentence, or the ShownAnswer at the end.
    """
    events = list(question.events.filter(number__gt=number).order_by("number"))
    if not events:
        return
    question.refresh_from_db()
    shown = shown_answer(question)
    for event in events:
        if event.kind == QuestionEvent.Kind.STEP:
            yield event, event.data
        elif event.kind == QuestionEvent.Kind.RESULTS:
            yield event, shown.results
        elif event.kind == QuestionEvent.Kind.SENTENCE:
            # Between the two looks the conversation may have been forgotten: its sentences are gone first.
            yield from ((event, each) for each in shown.sentences if each.place == event.data["place"])
        else:
            yield event, shown
