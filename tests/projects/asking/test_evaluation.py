"""The 40 questions over the sample thread, and what the commands of asking print."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from comments.collecting import collect_sample
from projects.asking.evaluation import EvaluationError, read_questions
from projects.asking.models import Question
from projects.extraction.choosing import read_comments
from projects.language.model import get_language_model
from projects.models import Comment
from tests.servers.llm import Says

pytestmark = pytest.mark.django_db(transaction=True)

QUESTIONS = Path(__file__).with_name("questions.jsonl")


def run(name: str, *arguments: object) -> str:
    out = StringIO()
    call_command(name, *map(str, arguments), stdout=out, stderr=StringIO())
    return out.getvalue()


def test_forty_questions_of_every_kind_over_the_sample_thread(model, settings):
    collect_sample()
    settings.LLM_BASE_URL, url = "", settings.LLM_BASE_URL
    read_comments(comment_ids=list(Comment.objects.values_list("pk", flat=True)), analyst="rules")
    settings.LLM_BASE_URL = url
    questions = read_questions(QUESTIONS)
    assert len(questions) == 40
    assert sum(question.unanswerable for question in questions) == 14
    found = json.loads(run("evaluate_answers", QUESTIONS, "--json").splitlines()[-1])
    wrong = [(row["question"], row["status"], row["missing"]) for row in found["rows"] if not row["right"]]
    assert wrong == []
    assert (found["right"], found["refused"], found["ungrounded"], found["failed"]) == (26, 14, 0, 0)
    # Twelve of those without an answer are known to be so before an answer is paid for.
    assert found["calls"] <= 68
    assert not Question.objects.exists()


def test_what_is_not_right_is_told(model, index, tmp_path):
    file = tmp_path / "questions.jsonl"
    file.write_text('{"question": "Who makes tide forecasts?", "cites": ["Nobody"]}\n{"question": "?"}\n')
    with pytest.raises(CommandError, match="ask a question in words"):
        run("evaluate_answers", file)
    printed = run("evaluate_answers", file, "--limit", 1)
    assert "not right: Who makes tide forecasts?: answered (lacks Nobody)" in printed
    assert "answered with what must be cited: 0" in printed


@pytest.mark.parametrize("line", ["x", "[]", '{"kind": "a"}', '{"question": "a", "cite": []}'])
def test_a_file_that_cannot_be_used_is_one_line(tmp_path, line):
    (tmp_path / "q").write_text(line)
    with pytest.raises(EvaluationError, match="line 1"):
        read_questions(tmp_path / "q")
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_questions(tmp_path / "none")


def test_without_a_model_nothing_is_measured(tmp_path):
    with pytest.raises(CommandError, match="LLM_BASE_URL"):
        run("evaluate_answers", QUESTIONS)


def test_ask_prints_sentences_and_what_carries_them(model, index):
    printed = run("ask", "Who makes tide forecasts?").splitlines()
    assert printed[0] == "TideWatch: Tide forecasts for small harbours. [1]"
    assert printed[1] == f"[1] TideWatch {index['TideWatch'].get_absolute_url()}"
    answer = json.loads(run("ask", "How many projects have the tag rust?", "--json"))
    assert (answer["status"], answer["results"][0]["rows"][0]) == ("answered", ["in all", "2"])
    follow_up = json.loads(run("ask", "And what came back most often?", "--after", answer["question_id"], "--json"))
    assert Question.objects.get(pk=follow_up["question_id"]).number == 2


def test_ask_says_what_there_is_not(index, settings, model):
    assert "Nothing in the index answers that." in run("ask", "Who sells organic bananas in Peru?")
    settings.LLM_BASE_URL = ""
    get_language_model.cache_clear()
    assert "No language model is set here" in run("ask", "tide forecasts")
    for text, after in ((" ", None), ("clocks", "nonsense")):
        with pytest.raises(CommandError) as error:
            run("ask", text, *(["--after", after] if after else []))
        assert error.value.returncode == 2


def test_ask_fails_where_the_model_does(model, index):
    model.otherwise = lambda request: Says(status=401, body=b"{}")
    with pytest.raises(CommandError, match="401"):
        run("ask", "Who makes tide forecasts?")


def test_ask_that_is_interrupted_leaves_no_question_open(model, index, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr("projects.asking.answering.get_language_model", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run("ask", "Who makes tide forecasts?")
    assert Question.objects.get().status == "stopped"
