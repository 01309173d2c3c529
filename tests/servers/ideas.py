"""What a sensible model says to the questions of the idea pipeline, for the scripted server."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any

from ideas.prompts import IDEA_SYSTEM, JUDGE_SYSTEM, METADATA_SYSTEM
from tests.servers.llm import Says

# Far enough from each other that no two ideas are near copies.
SUBJECTS = (
    *("beehive scales", "sheet music", "sailing weather", "tax receipts", "sign language", "railway timetables"),
    *("sourdough starters", "satellite orbits", "court records", "crossword puzzles", "glacier photographs"),
    *("knitting patterns", "blood pressure", "chess openings", "street lamps", "bird calls", "medieval maps"),
    *("car diagnostics", "school lunches", "earthquake sensors", "rental contracts", "podcast chapters"),
    *("font kerning", "tide tables", "vaccine cards", "shipping containers", "mushroom foraging", "museum labels"),
)


def said(request: dict[str, Any], role: str) -> str:
    """Return what the messages of a role say; Data Designer sends them in parts."""
    contents = [message["content"] for message in request["messages"] if message["role"] == role]
    return "\n".join(
        content if isinstance(content, str) else "".join(part["text"] for part in content) for content in contents
    )


def question(request: dict[str, Any]) -> str:
    """Return which question it is: ready, idea, metadata or judge."""
    system = said(request, "system")
    for name, prompt in (("idea", IDEA_SYSTEM), ("metadata", METADATA_SYSTEM), ("judge", JUDGE_SYSTEM)):
        if system.startswith(prompt):
            return name
    return "ready"


def prose(subject: str) -> str:
    """Return an idea about ``subject``, in two paragraphs."""
    return (
        f"Nobody keeps {subject} in order today, and those who try use paper. This tool reads {subject} and shows "
        f"what changed.\n\nIt differs from what exists in that {subject} stay on the machine of the person who "
        "collects them, and that everything works without a network."
    )


def metadata(subject: str, **fields: Any) -> str:
    """Return the description of the idea about ``subject``."""
    answer = {
        "title": f"{subject.title()} Keeper",
        "short_description": f"Keeps {subject} in order",
        "description": f"A tool that collects {subject}, compares {subject} and warns when {subject} change.",
        "hashtags": [subject, "offline", "tools"],
    }
    return json.dumps(answer | fields)


def quality(idea: Any = 7, complexity: Any = 4) -> str:
    """Return a judgement."""
    scores = (("idea", idea), ("complexity", complexity))
    return json.dumps({name: {"reasoning": f"Its {name} is clear.", "score": score} for name, score in scores})


def inventor(**answers: Callable[[dict[str, Any]], Says | str]) -> Callable[[dict[str, Any]], Says]:
    """Return the behaviour of a sensible model, each idea about another subject.

    ``answers`` replace what it says to a question: ready, idea, metadata or judge.
    """
    numbers = count()

    def answer(request: dict[str, Any]) -> Says:
        asked = question(request)
        if asked in answers:
            given = answers[asked](request)
            return given if isinstance(given, Says) else Says(given)
        if asked == "ready":
            return Says('{"ready": true}')
        if asked == "idea":
            return Says(prose(SUBJECTS[next(numbers) % len(SUBJECTS)]))
        if asked == "metadata":
            return Says(metadata(subject_of(request)))
        return Says(quality())

    return answer


def subject_of(request: dict[str, Any]) -> str:
    """Return which subject the idea in a question is about; the first where it is about none."""
    return next((subject for subject in SUBJECTS if subject in said(request, "user")), SUBJECTS[0])
