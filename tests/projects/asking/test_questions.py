"""Which questions are taken: texts, limits, the switch, the bound of the queue, the day's tokens; sharing."""

from datetime import timedelta

import pytest
from django.utils import timezone

from projects.asking import limits
from projects.asking.answering import CROSSED, NO_MODEL
from projects.asking.limits import AskingIsOff, BadQuestion, BudgetSpent, QueueFull, TooManyQuestions, switch
from projects.asking.models import Conversation, Question
from projects.asking.questions import LONGEST_RUN, MOST_QUESTIONS, ask_question, give_up_old, share, unshare

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("text", ["", "  \n", "\0\0", "?!", "x" * 501, "x" * 10_000])
def test_a_question_has_words_and_an_end(text):
    with pytest.raises(BadQuestion):
        ask_question(text, address="a")
    assert not Question.objects.exists()


def test_without_a_model_the_search_answers_at_once_and_says_why(index):
    question = ask_question("  tide\0 forecasts\n", address="a")
    assert (question.text, question.status, question.reason) == ("tide forecasts", "searched", NO_MODEL)
    assert question.nearest[0] == index["TideWatch"].pk
    assert [event.kind for event in question.events.order_by("number")] == ["step", "results", "end"]
    assert (question.calls, question.task_id) == (0, "")
    nothing = ask_question("xyzzy", address="a")
    assert nothing.status == "nothing"


def test_an_address_asks_so_often_a_minute_and_a_day(settings):
    settings.ASK_PER_MINUTE, settings.ASK_PER_DAY = 2, 3
    for _ in range(2):
        ask_question("clocks", address="a")
    with pytest.raises(TooManyQuestions) as error:
        ask_question("clocks", address="a")
    assert 0 < error.value.retry_after <= 60
    ask_question("clocks", address="b")
    Question.objects.update(created_at=timezone.now() - timedelta(seconds=61))
    ask_question("clocks", address="a")
    Question.objects.update(created_at=timezone.now() - timedelta(seconds=61))
    with pytest.raises(TooManyQuestions, match="in a day") as error:
        ask_question("clocks", address="a")
    assert 0 < error.value.retry_after <= 86_400
    # The operator's own are not counted.
    ask_question("clocks", address="")
    assert "a" not in Question.objects.values_list("asked_by", flat=True)


def test_the_operator_switches_it_off_and_on():
    assert switch(on=False, by="olga")
    assert not switch(on=False)
    with pytest.raises(AskingIsOff):
        ask_question("clocks", address="a")
    assert switch(on=True)
    assert ask_question("clocks", address="a")


def test_so_many_wait_at_once(model, monkeypatch):
    monkeypatch.setattr(limits, "MOST_OPEN", 2)
    for _ in range(2):
        ask_question("clocks", address="", in_worker=False)
    with pytest.raises(QueueFull):
        ask_question("clocks", address="a", in_worker=False)


def test_the_tokens_of_a_day_are_bounded(model, settings):
    settings.ASK_TOKENS_PER_DAY = 10_000
    first = ask_question("clocks", address="", in_worker=False)
    Question.objects.update(status="answered", tokens_in=9_000, tokens_out=1_000)
    with pytest.raises(BudgetSpent) as error:
        ask_question("clocks", address="a", in_worker=False)
    assert 0 < error.value.retry_after <= 86_400
    settings.ASK_TOKENS_PER_DAY = 0
    assert ask_question("clocks", address="a", in_worker=False)
    Question.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(days=1))
    settings.ASK_TOKENS_PER_DAY = 10_000
    assert ask_question("clocks", address="b", in_worker=False)


def test_a_conversation_has_an_end(model, settings):
    conversation = Conversation.objects.create()
    Question.objects.bulk_create(
        Question(conversation=conversation, number=number, text="x", status="answered")
        for number in range(1, MOST_QUESTIONS + 1)
    )
    with pytest.raises(limits.ConversationOver, match="Begin a new one"):
        ask_question("clocks", conversation, address="a", in_worker=False)
    Conversation.objects.update(expires_at=timezone.now())
    conversation.refresh_from_db()
    with pytest.raises(limits.ConversationOver, match="has ended"):
        ask_question("clocks", conversation, address="a", in_worker=False)


def test_a_question_is_given_to_a_worker(model):
    question = ask_question("clocks", address="a")
    assert (question.status, bool(question.task_id)) == ("waiting", True)


def test_a_question_that_no_broker_took_does_not_wait(model, monkeypatch):
    def away(*args, **kwargs):
        raise OSError("away")

    monkeypatch.setattr("core.jobs.sending.send", away)
    with pytest.raises(OSError, match="away"):
        ask_question("clocks", address="a")
    assert not Question.objects.exists()


def test_questions_that_nobody_came_to_are_given_up(model):
    old, running, new = (ask_question("clocks", address="", in_worker=False) for _ in range(3))
    Question.objects.exclude(pk=new.pk).update(created_at=timezone.now() - limits.LONGEST_WAIT - timedelta(seconds=1))
    Question.objects.filter(pk=running.pk).update(status="running")
    assert give_up_old() == 1
    assert [Question.objects.get(pk=each.pk).status for each in (old, running, new)] == ["failed", "running", "waiting"]
    assert give_up_old(timezone.now() + LONGEST_RUN) == 2
    assert Question.objects.get(pk=running.pk).reason == CROSSED


def test_a_conversation_is_shared_by_its_visitor_alone_and_taken_back():
    conversation = Conversation.objects.create()
    assert conversation.share_id is None
    first = share(conversation)
    assert share(conversation) == first != conversation.pk
    assert list(Conversation.objects.shared()) == [conversation]
    unshare(conversation)
    assert not Conversation.objects.shared().exists()
    assert share(conversation) != first
