"""Answers that are kept: what finds them again, what does not, and the pace of calls."""

import asyncio
from datetime import timedelta

import pytest
from django.utils import timezone
from pydantic import BaseModel

from core.http import InvalidAnswer, NotAsked
from projects.language import pace
from projects.language.kept_answers import KeptAnswers, ignoring_kept_answers, kept_size
from projects.language.metering import Usage, metering
from projects.language.model import LanguageModel
from projects.language.models import KeptAnswer
from projects.models import HostTurn
from tests.servers.llm import LLMServer, Says

pytestmark = pytest.mark.django_db(transaction=True)


class Colour(BaseModel):
    """A small answer."""

    name: str


GOOD = '{"name": "red"}'


def ask(model: LanguageModel, user: str = "Which? data-1", *, mark: str = "data-1", version=3, fresh=False) -> Usage:
    async def run() -> Usage:
        with metering(Usage()) as usage, ignoring_kept_answers(fresh):
            await model.ask("Be brief.", user, Colour, max_tokens=50, version=version, mark=mark)
        return usage

    return asyncio.run(run())


def model_of(server: LLMServer, name: str = "scripted") -> LanguageModel:
    return LanguageModel(server.url, name, timeout=5.0, kept=KeptAnswers())


def test_the_same_question_costs_no_second_call_and_another_does(settings):
    with LLMServer(otherwise=lambda _: Says(GOOD), models=["scripted", "other"]) as server:
        first = ask(model_of(server))
        again = ask(model_of(server), "Which? data-2", mark="data-2")
        assert (first.calls, first.cached, again.calls, again.cached) == (1, 0, 0, 1)
        different = [
            ask(model_of(server), "Why? data-1"),
            ask(model_of(server), version=4),
            ask(model_of(server, "other")),
            ask(model_of(server), version=None),
            ask(model_of(server), fresh=True),
        ]
        assert [usage.calls for usage in different] == [1] * 5
        KeptAnswer.objects.update(created_at=timezone.now() - timedelta(days=settings.LLM_ANSWER_DAYS, minutes=1))
        assert ask(model_of(server)).calls == 1
        settings.LLM_ANSWER_DAYS = 0
        assert ask(model_of(server)).calls == 1
    assert kept_size()["bytes"] > 0


def test_an_answer_that_had_to_be_asked_twice_is_kept_whole_and_one_that_was_of_no_use_is_not():
    with LLMServer(["Hm.", GOOD, "Hm.", "Hm.", GOOD]) as server:
        assert ask(model_of(server)).calls == 2
        again = ask(model_of(server))
        assert (again.calls, again.cached, again.asked_again) == (0, 2, 1)
        with pytest.raises(InvalidAnswer):
            ask(model_of(server), "Why? data-1")
        assert ask(model_of(server), "Why? data-1").calls == 1


def test_a_reading_goes_on_where_the_answers_cannot_be_kept(monkeypatch):
    monkeypatch.setattr(KeptAnswer._meta, "db_table", "there_is_no_such_table")
    with LLMServer([GOOD]) as server:
        assert ask(model_of(server)).calls == 1


def test_turns_are_evenly_apart_for_all_processes(settings):
    settings.LLM_REQUESTS_PER_MINUTE, settings.LLM_BASE_URL = 2, "http://model.example/v1"
    waits = [pace.take_turn() for _ in range(5)]
    assert [round(wait / 30) for wait in waits] == [0, 1, 2, 3, 4]
    with pytest.raises(NotAsked, match="2 calls a minute") as caught:
        pace.take_turn()
    assert 120 < caught.value.retry_after <= 150
    HostTurn.objects.update(free_at=timezone.now() - timedelta(hours=1))
    assert pace.take_turn() == pytest.approx(0, abs=0.5)
