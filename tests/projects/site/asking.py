"""Questions with their answers as the engine leaves them, for the pages that show them."""

from typing import Any

from projects.asking import recording
from projects.asking.models import Conversation, Question
from projects.models import Project

STATUS = Question.Status
PLAN = {
    "calls": [{"tool": "search", "text": "gardeners"}, {"tool": "count", "months": ["2026-09"]}],
    "dropped": ["“soon” is no month."],
}


def results_of(projects: list[Project]) -> list[dict[str, Any]]:
    """Return as results of tools a figure, and each of ``projects``."""
    figure = {
        "number": 1,
        "kind": "count",
        "label": "Number of projects posted in September 2026",
        "tool": "count",
        "text": "Number of projects posted in September 2026: 7.",
        "rows": [["in all", "7"], ["September 2026", "7"]],
        "address": "/projects/?month=2026-09",
        "project": None,
    }
    found = [
        {
            "number": number,
            "kind": "project",
            "label": project.title,
            "tool": "search",
            "text": f"{project.title}: {project.short_description}",
            "rows": [],
            "address": "",
            "project": project.pk,
        }
        for number, project in enumerate(projects, 2)
    ]
    return [figure, *found]


def sentence(text: str, *citations: int, why: str = "") -> dict[str, Any]:
    """Return a sentence of an answer; without citations it stands on nothing."""
    return {"text": text, "citations": list(citations), "grounded": bool(citations), "why": why}


def asked(text: str = "Who builds something for gardeners?", conversation: Conversation | None = None, **fields: Any):
    """Save a question that waits, in a conversation of its own unless one is given."""
    conversation = conversation or Conversation.objects.create()
    number = conversation.questions.count() + 1
    return Question.objects.create(conversation=conversation, number=number, text=text, **fields)


def begun(question: Question, *sentences: dict[str, Any], projects: list[Project] | None = None) -> Question:
    """Let a question be answered as far as ``sentences``."""
    Question.objects.filter(pk=question.pk).update(status=STATUS.RUNNING, model="tiny-model")
    recording.note_step(question, "plan", "Planning what to look up")
    recording.note_step(question, "search", "Searching: “gardeners”")
    projects = list(Project.objects.order_by("pk")[:3]) if projects is None else projects
    recording.note_results(question, results_of(projects), PLAN, [project.pk for project in projects])
    recording.note_step(question, "answer", "Writing the answer")
    for each in sentences:
        recording.note_sentence(question, each)
    question.refresh_from_db()
    return question


def answered(question: Question, *sentences: dict[str, Any], projects: list[Project] | None = None) -> Question:
    """Let a question be answered with ``sentences``."""
    begun(question, *sentences, projects=projects)
    return ended(question, STATUS.ANSWERED, calls=2, tokens_in=1800, tokens_out=140)


def ended(question: Question, status: str, **fields: Any) -> Question:
    """Let a question end so."""
    recording.note_end(question, status, **fields)
    question.refresh_from_db()
    return question
