"""Measuring an analyst: in a database of its own, never with the operator's rows."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from comments.models import Comment
from core.http import NotAsked
from projects import evaluation
from projects.evaluation import EvaluationError, compare, read_labels, summarise
from projects.extraction.reading import get_analyst, read_comment
from tests.factories import make_comment
from tests.servers.llm import LLMServer, Says, reader
from tests.servers.processes import ROOT, command, environment, manage
from tests.waiting import wait_until

STORY = {"id": 1, "type": "story", "by": "x", "time": 1_780_000_000, "title": "Ask HN: What are you working on?"}
TEXTS = {
    2: "I am building Foo (https://foo.example), a static site generator in Rust.",
    3: "How is everybody?",
    4: "Bar is my new app for birds: https://bar.example",
}
LABELS = [
    {
        "id": 2,
        "is_project": True,
        "one_liner": "A static site generator",
        "demo_link": "http://www.foo.example/",
        "title": "Foo",
    },
    {"id": 3, "is_project": False},
    {
        "id": 4,
        "is_project": True,
        "github_link": "https://github.com/bar/bar",
        "tech_stack": ["Python"],
        "industry": "ANIMALS_AND_NATURE",
    },
]


@pytest.fixture
def thread(tmp_path: Path) -> tuple[str, str]:
    """Write a thread and its labels and return their paths."""
    items = [STORY | {"kids": list(TEXTS)}]
    items += [
        {"id": pk, "type": "comment", "by": f"a{pk}", "time": 1_780_000_000 + pk, "text": text, "parent": 1}
        for pk, text in TEXTS.items()
    ]
    for name, rows in (("items", items), ("labels", LABELS)):
        (tmp_path / name).write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return str(tmp_path / "items"), str(tmp_path / "labels")


def databases() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_database")
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.process
def test_a_thread_is_measured_without_touching_the_operators_rows(thread, tmp_path):
    own = make_comment(TEXTS[2], id=2)
    before = databases()
    with LLMServer() as server:
        outputs = []
        for analyst in ("llm", "rules"):
            done = manage(
                *("evaluate_extraction", "--items", thread[0], "--labels", thread[1], "--analyst", analyst, "--json"),
                LLM_BASE_URL=server.url,
                LLM_MODEL="scripted",
            )
            assert done.returncode == 0, done.stderr
            outputs.append(tmp_path / analyst)
            outputs[-1].write_text(done.stdout)
    result = json.loads(outputs[0].read_text().splitlines()[-1])
    figures = result["summary"]
    assert (figures["comments"], figures["failed"], figures["projects"]) == (3, 0, 2)
    assert (figures["none_precision"], figures["none_recall"], figures["none_f1"]) == (1, 1, 1)
    assert (figures["labelled_links"], figures["links_found"]) == (2, 0.5)
    assert figures["stack_found"] == 1
    assert figures["calls_per_comment"] == pytest.approx(5 / 3, abs=1e-3)
    assert figures["tokens_in_per_comment"] == pytest.approx(500 / 3, abs=1e-3)
    assert 0 < figures["similarity"] <= 1
    assert 0 < figures["industry"] <= 1
    assert figures["titles_found"] in (0, 1)
    assert databases() == before
    assert list(Comment.objects.values_list("pk", "status")) == [(own.pk, "pending")]
    changed = command("evaluate_extraction", "--compare", *map(str, outputs))
    assert changed.returncode == 0, changed.stderr
    assert "of 3 comments differ" in changed.stdout
    assert "LLM calls per comment" in changed.stdout
    table = manage("evaluate_extraction", "--items", thread[0], "--labels", thread[1], "--limit", "1")
    assert "comments read                                    1" in table.stdout


def test_labels_that_are_none_are_named_with_their_line(tmp_path):
    path = tmp_path / "labels"
    for text, fault in (("", "holds no label"), ('{"id": 1}', "line 1"), ("[]", "line 1"), ("{", "line 1")):
        path.write_text(text)
        with pytest.raises(EvaluationError, match=fault):
            read_labels(path)
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_labels(tmp_path / "missing")


def test_a_label_may_have_titles_and_an_industry(tmp_path):
    path = tmp_path / "labels"
    rows = [
        {"id": 1, "is_project": True, "title": "Foo", "industry": "MEDIA_AND_ENTERTAINMENT"},
        {"id": 2, "is_project": True, "title": ["Foo", "Bar"], "industry": "OTHER"},
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    labels = read_labels(path)
    assert [(label.titles, label.industry) for label in labels.values()] == [
        (("Foo",), "media entertainment"),
        (("Foo", "Bar"), ""),
    ]


def test_a_comparison_names_each_comment_that_changed():
    row = {"projects": 1, "titles": ["A"], "primary_urls": [""], "tags": ["x"], "link": None, "error": ""}
    one = {"summary": {"projects": 1, "failed": 0}, "comments": {"5": row, "6": row}}
    other = {"summary": {"projects": 2, "failed": 0}, "comments": {"5": row | {"titles": ["B"]}, "6": row}}
    assert compare(one, other) == {
        "summary": {"projects": [1, 2]},
        "compared": 2,
        "comments": {"5": {"titles": [["A"], ["B"]]}},
    }
    with pytest.raises(EvaluationError, match="not a result"):
        compare({}, other)


def test_a_failed_comment_counts_as_neither():
    row = {
        **{"labelled_project": False, "projects": 0, "link": None, "stack_found": 0, "stack": 0, "similarity": None},
        **{"titles_labelled": 0, "titles_right": 0, "industry": None},
        **{"calls": 2, "tokens_in": 10, "tokens_out": 4, "seconds": 1.0, "error": ""},
    }
    figures = summarise({"1": row, "2": row | {"error": "no answer"}})
    assert (figures["failed"], figures["none_recall"], figures["calls_per_comment"]) == (1, 1, 2)


@pytest.mark.django_db(transaction=True)
@pytest.mark.process
def test_after_ctrl_c_the_table_of_what_was_read_is_printed_and_the_scratch_database_dropped(thread):
    def hang_at_the_third_comment(request):
        return Says(hang=120) if TEXTS[4][:10] in str(request) else reader(request)

    before = databases()
    with LLMServer(otherwise=hang_at_the_third_comment) as server:
        process = subprocess.Popen(
            [
                *(sys.executable, "manage.py", "evaluate_extraction", "--analyst", "llm"),
                *("--items", thread[0], "--labels", thread[1]),
            ],
            cwd=ROOT,
            env=environment(LLM_BASE_URL=server.url, LLM_MODEL="scripted"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A shell's background jobs, and so a suite that is one, ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        wait_until(lambda: "Bar is my " in str(server.requests), "the third comment is read", 90)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=90)
    assert process.returncode == 0, error
    assert "Traceback" not in error
    [line] = [line for line in out.splitlines() if line.startswith("comments read")]
    assert line.split()[-1] == "2"
    assert databases() == before


@pytest.mark.django_db
def test_a_comment_that_an_open_circuit_kept_from_being_read_is_waited_for(monkeypatch):
    comment = make_comment(TEXTS[2])
    refusals = [NotAsked("The language model failed.", retry_after=0.01) for _ in range(3)]

    def asked_later(*arguments, **options):
        if refusals:
            raise refusals.pop()
        return read_comment(*arguments, **options)

    monkeypatch.setattr(evaluation, "read_comment", asked_later)
    row = evaluation._read_one(evaluation.Label(comment.pk, True, "", (), ()), get_analyst("rules"))
    assert refusals == []
    assert (row["projects"], row["error"]) == (1, "")
