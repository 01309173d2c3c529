"""Answers a question that was asked."""

from projects.asking.models import Question
from projects.asking.recording import note_end, note_results, note_step
from projects.search.searching import SearchTooSlow, search

MOST_NEAREST = 8
NO_MODEL = "No language model is set here, so this is what the search finds."


def answer_by_search(question: Question) -> None:
    """Give the projects that the search finds for the question, where no language model is set."""
    note_step(question, "search", "Searching the index")
    try:
        found = search(question.text, limit=MOST_NEAREST)
    except SearchTooSlow as error:
        note_end(question, Question.Status.FAILED, reason=str(error))
        return
    results = [project_result(number, hit.project, "search") for number, hit in enumerate(found.hits, 1)]
    nearest = [hit.project.pk for hit in found.hits]
    note_results(question, results, {"calls": [{"tool": "search", "text": question.text}]}, nearest)
    status = Question.Status.SEARCHED if results else Question.Status.NOTHING
    reason = NO_MODEL if results else "Nothing in the index answers that."
    note_end(question, status, reason=reason)


def project_result(number: int, project, tool: str):
    return {
        "number": number,
        "kind": "project",
        "label": project.title,
        "project": project.pk,
        "tool": tool,
        "text": project.short_description,
    }


def answer_question(question_id: str, *, task_id: str = "", last_try: bool = True) -> Question:
    """Answer a question."""
    question = Question.objects.get(pk=question_id)
    if not question.is_finished:
        answer_by_search(question)
        question.refresh_from_db()
    return question
