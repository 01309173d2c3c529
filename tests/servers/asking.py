"""Answers the two calls of a question (projects/asking) as a sensible model would: ``LLMServer(otherwise=asked)``."""

import json
import re
from typing import Any

from projects.asking.grounding import content_words, shared
from projects.asking.plans import period
from tests.servers.llm import Says, reader

RESULT = re.compile(r"^\[(\d+)\] (.*)$", re.MULTILINE)
QUESTION = re.compile(r"^The question: (.*)$", re.MULTILINE)
NAME = re.compile(r"(?:What is|Who makes|Who is behind|Tell me about|like|When was) ([A-Z][\w.-]+)")


def asked(request: dict[str, Any]) -> Says:
    """Answer a plan or an answer by what stands in the prompt; anything else as ``reader`` does."""
    system, user = (message["content"] for message in request["messages"][:2])
    if system.startswith("You choose how a question"):
        return Says(json.dumps({"calls": plan(user)}))
    if system.startswith("You answer a question about an index"):
        return Says(answer(user))
    return reader(request)


def question_of(prompt: str) -> str:
    """Return the question that a prompt asks."""
    return QUESTION.findall(prompt)[-1]


def plan(prompt: str) -> list[dict[str, Any]]:
    """Return the calls that suit the question of a prompt, by its words."""
    question = question_of(prompt)
    if question.startswith("And ") and (before := re.findall(r"^Asked before: (.*)$", prompt, re.MULTILINE)):
        question = before[-1]
    low = question.lower()
    known = re.findall(r"[^,]+", re.search(r"^Its tags: (.*)$", prompt, re.MULTILINE)[1])
    tags = [tag.strip() for tag in known if re.search(rf"\b{re.escape(tag.strip())}\b", low)]
    months = [each for each in map(period, re.findall(r"(?:[A-Z][a-z]+ )?20\d\d(?:-\d\d)?", question)) if each]
    call: dict[str, Any] = {"tool": "search", "text": " ".join(content_words(question)), "tags": [], "months": []}
    name = NAME.search(question)
    if "came back" in low or "most often" in low:
        return [call | {"tool": "returned", "text": ""}]
    if "by month" in low or "over time" in low:
        return [call | {"tool": "months", "text": "", "tags": tags}]
    if re.search(r"\bmore\b.* or |compare", low):
        return [call | {"tool": "compare", "text": "", "tags": tags, "months": months}]
    if "how many" in low:
        return [call | {"tool": "count", "text": "" if tags else call["text"], "tags": tags, "months": months}]
    if name and "like" in low:
        return [call | {"tool": "alike", "text": name[1]}]
    if name:
        return [call | {"tool": "project", "text": name[1]}]
    return [call]


def answer(prompt: str) -> str:
    """Return a sentence for each result that has words of the question, or figures; NOTHING where there is none."""
    question = question_of(prompt)
    words = [] if question.startswith("And ") else content_words(question)
    said = []
    for number, text in RESULT.findall(prompt):
        name, _, about = text.partition(": ")
        first = (
            re.split(r"(?<=[.!?])\s", about)[0] if words else f"{name} is about {re.findall('Tags: (.*?)[.]', about)}"
        )
        if re.match(r"Number of|Projects |Appearances", text):
            said.append(f"{text.split('. ')[0]}. [{number}]")
        elif 2 * len(shared(words, text)) >= len(words):
            said.append(f"{name}: {first} [{number}]")
    return "\n".join(said[:5]) or "NOTHING"
