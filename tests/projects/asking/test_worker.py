"""Questions by a real worker: answered, stopped, and left in the middle by a worker that was killed."""

import itertools

import pytest
from django_celery_results.models import TaskResult

from projects.asking.answering import CROSSED
from projects.asking.models import Question
from projects.asking.questions import ask_question, stop_question
from tests.servers.asking import asked
from tests.servers.llm import Says
from tests.servers.processes import Worker
from tests.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]

TIDES = "Who makes tide forecasts for harbours?"
SENTENCE = "TideWatch makes tide forecasts for small harbours. [1]\n"
PATIENCE = 300  # seconds, of a machine that does much else


def has_ended(question: Question) -> bool:
    question.refresh_from_db()
    return question.is_finished


def test_what_a_worker_answers_is_said_once_also_where_it_is_killed(model, index, tmp_path, settings):
    def endless(request):
        if not request.get("stream"):
            return asked(request)
        return Says(pieces=itertools.chain([SENTENCE], itertools.repeat("and ")), pause=0.05)

    variables = {"LLM_BASE_URL": model.url, "LLM_MODEL": "scripted", "LLM_ANSWER_DAYS": "0"}
    with Worker(tmp_path, processes=1, **variables) as worker:
        question = ask_question(TIDES, address="a")
        wait_until(lambda: has_ended(question), "it is answered", PATIENCE)
        assert (question.status, question.calls, len(question.sentences)) == ("answered", 2, 1)

        model.otherwise = endless
        stopped = ask_question(TIDES, address="a")
        wait_until(lambda: stopped.events.filter(kind="sentence").exists(), "the first sentence", PATIENCE)
        stop_question(stopped)
        wait_until(lambda: has_ended(stopped), "it is stopped", PATIENCE)
        assert stopped.status == "stopped"
        wait_until(lambda: model.broken_off == 1, "the model's call ends", PATIENCE)

        killed = ask_question(TIDES, address="a")
        wait_until(lambda: killed.events.filter(kind="sentence").exists(), "the first sentence", PATIENCE)
        worker.kill()
        worker.start()
        wait_until(lambda: has_ended(killed), "it is ended", PATIENCE)
    # A question's key is its secret address, and more people see tasks and logs than questions.
    seen = [*TaskResult.objects.filter(task_name="answer_question").values(), worker.log]
    assert len(seen) == 4
    assert not any(str(one.pk) in str(seen) for one in (question, stopped, killed))
    assert (killed.status, killed.reason, len(killed.sentences)) == ("failed", CROSSED, 1)
    assert killed.events.filter(kind="sentence").count() == 1
