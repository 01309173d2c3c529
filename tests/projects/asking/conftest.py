"""A language model that answers questions, and projects to ask about."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from projects.asking.answering import answer_question
from projects.asking.models import Question
from projects.asking.questions import ask_question
from projects.language.embeddings import WordLlamaEmbedder
from projects.language.model import get_language_model
from projects.models import Project, Submission, Tag
from tests.factories import make_comment, make_post, make_project
from tests.servers.asking import asked
from tests.servers.llm import LLMServer

Ask = Callable[..., Question]


@pytest.fixture
def model(settings) -> Iterator[LLMServer]:
    """A model server that answers sensibly, unless a test writes its answers."""
    with LLMServer(otherwise=asked) as server:
        settings.LLM_BASE_URL, settings.LLM_MODEL, settings.LLM_ANSWER_DAYS = server.url, "scripted", 0
        get_language_model.cache_clear()
        yield server
    get_language_model.cache_clear()


@pytest.fixture
def ask() -> Ask:
    """Ask a question and answer it here, as a worker would."""

    def ask_here(text: str, conversation: Any = None, **how: Any) -> Question:
        question = ask_question(text, conversation, address="", in_worker=False)
        return answer_question(question.pk, **how)

    return ask_here


def posted(
    title: str, about: str, *, tags: tuple[str, ...] = (), author: str = "alice", months: tuple[str, ...] = ("2026-09",)
) -> Project:
    """Save a published project that was posted in each of ``months``."""
    [vector] = WordLlamaEmbedder().embed_now([f"{title} {about}"])
    project = make_project(
        title=title,
        short_description=about,
        description=f"{about}. It is free.",
        embedding=vector,
        embedding_model=WordLlamaEmbedder.name,
    )
    project.tags.set([Tag.objects.get_or_create(name=name)[0] for name in tags])
    for month in months:
        year, number = map(int, month.split("-"))
        comment = make_comment(author=author, post=make_post(year=year, month=number), status="processed")
        Submission.objects.create(project=project, comment=comment, text=about)
    return project


@pytest.fixture
def index() -> dict[str, Project]:
    """Four projects by name."""
    return {
        "TideWatch": posted("TideWatch", "Tide forecasts for small harbours", tags=("rust", "weather"), author="tina"),
        "Brieftaube": posted("Brieftaube", "A mail server to run at home", tags=("go", "email")),
        "Ledgerly": posted(
            "Ledgerly", "Bookkeeping in plain text files", tags=("rust",), months=("2026-08", "2026-09")
        ),
        "Stempel": posted("Stempel", "Turns photos of rubber stamps into drawings", tags=("art",)),
    }
