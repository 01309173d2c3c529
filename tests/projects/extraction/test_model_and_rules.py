"""A language model with the rules beside it: what it made up gives way, where they disagree the reading is unsure."""

import json
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps

from comments.models import FIRST_FOREIGN_ID, Source
from projects.duplicates import known_projects
from projects.extraction.language_model import LanguageModelAnalyst
from projects.extraction.reading import get_analyst, read_comment
from projects.language.embeddings import WordLlamaEmbedder
from projects.language.model import LanguageModel
from projects.models import Extraction, Project
from tests.factories import POSTED_AT, make_comment, make_post, make_project
from tests.servers.llm import LLMServer, description, segments

pytestmark = pytest.mark.django_db(transaction=True)

GRIDLET = "I am building Gridlet, a spreadsheet for the terminal: https:&#x2F;&#x2F;gridlet.example<p>It is in Rust."
THANKS = "Thank you all, what a nice thread this is."
PROJECT = {"first": 1, "last": 2, "verdict": "project", "reason": "a spreadsheet"}


def read(html: str, *answers: str) -> tuple[Extraction, LLMServer]:
    comment = make_comment(html)
    with LLMServer(answers) as server:
        model = LanguageModel(server.url, "scripted", timeout=30.0)
        read_comment(
            comment.pk, analyst=LanguageModelAnalyst(model, get_analyst("rules")), embedder=WordLlamaEmbedder()
        )
    return comment.extractions.get(), server


def about(**fields) -> str:
    return json.dumps({"segments": [PROJECT | fields]})


@pytest.mark.parametrize(
    ("title", "name", "shown", "mended"),
    [
        ("Gridlet", "", "Gridlet", 0),
        ("Terminal spreadsheet", "", "Terminal spreadsheet", 0),
        # The author's name for it; without one, what the rules find.
        ("Sheetmaster Pro", "Gridlet", "Gridlet", 1),
        ("Sheetmaster Pro", "none", "Gridlet", 1),
    ],
)
def test_a_title_that_was_made_up_gives_way(title, name, shown, mended):
    extraction, server = read(GRIDLET, about(name=name), description(title=title, primary_link=1))
    assert Project.objects.get().title == shown
    assert (extraction.mended.get("title", 0), len(server.requests)) == (mended, 2)


def test_words_of_the_examples_are_no_answer():
    copied = description(title="Gridlet", tags=["zibblet", "snargs", "rust"])
    extraction, server = read(GRIDLET, about(), copied, description(title="Gridlet", tags=["rust", "terminal", "csv"]))
    assert "zibblet" in server.requests[2]["messages"][-1]["content"]
    assert (len(server.requests), extraction.asked_again) == (3, 1)
    assert set(Project.objects.get().tags.values_list("name", flat=True)) == {"rust", "terminal", "csv"}


@pytest.mark.parametrize(("html", "projects"), [(GRIDLET, 1), (THANKS, 0)])
def test_a_verdict_with_a_reason_of_the_examples_is_none_and_that_of_the_rules_holds(html, projects):
    copied = about(last=1, verdict="chat", made_by="nobody", reason="a joke that nobody makes")
    extraction, _ = read(html, copied, *[description(title="Gridlet")] * projects)
    assert Project.objects.unsure().count() == Project.objects.count() == projects
    assert extraction.segments[0]["reason"] == ""


@pytest.mark.parametrize(
    ("html", "title", "name", "expected"),
    [
        (GRIDLET, "Gridlet Terminal Spreadsheet", "Gridlet", "Gridlet"),
        (GRIDLET, "A spreadsheet for the terminal", "spreadsheet for the terminal", "A spreadsheet for the terminal"),
    ],
)
def test_a_name_with_words_behind_it_gives_way_to_the_name(html, title, name, expected):
    read(html, about(name=name), description(title=title))
    assert Project.objects.get().title == expected


def test_an_address_without_https_is_that_of_the_project():
    read("I am building gridlet.dev, a spreadsheet.", about(last=1), description(title="Gridlet", primary_link=0))
    assert Project.objects.get().primary_url == "https://gridlet.dev"


def test_the_name_and_the_host_of_a_project_are_no_tags_of_it():
    said = description(title="Gridlet", primary_link=1, tags=["gridlet", "rust", "csv"])
    extraction, _ = read(GRIDLET, about(), said)
    assert set(Project.objects.get().tags.values_list("name", flat=True)) == {"rust", "csv"}
    assert extraction.mended["tags"] == 1


def test_what_is_said_of_another_project_is_not_shown_with_one():
    html = f"{GRIDLET}<p>I also made Beesy, a hive with a scale: https:&#x2F;&#x2F;beesy.example"
    parts = [PROJECT | {"name": "Gridlet"}, {"name": "Beesy", "first": 3, "last": 3, "verdict": "project"}]
    answers = (json.dumps({"segments": parts}), description(title="Gridlet"), description(title="Beesy"))
    _, server = read(html, *answers)
    questions = [request["messages"][1]["content"] for request in server.requests[1:]]
    assert sorted(("gridlet.example" in said, "beesy.example" in said) for said in questions) == [
        (False, True),
        (True, False),
    ]


@pytest.mark.parametrize(
    ("html", "fields", "projects", "unsure"),
    [
        (GRIDLET, {}, 1, False),
        (GRIDLET, {"verdict": "chat"}, 0, True),
        (THANKS, {"last": 1, "verdict": "chat"}, 0, False),
        (THANKS, {"last": 1}, 1, True),
        (THANKS, {"last": 1, "made_by": "others"}, 0, True),
    ],
)
def test_a_reading_that_the_rules_dispute_is_unsure(html, fields, projects, unsure):
    extraction, _ = read(html, about(**fields), *[description(title="Gridlet nice thread")] * projects)
    assert (Project.objects.count(), extraction.confidence < 0.5) == (projects, unsure)
    assert Project.objects.unsure().count() == (projects if unsure else 0)


def test_a_reason_is_asked_for_before_its_verdict():
    _, server = read(GRIDLET, segments((1, 2, "project")), description(title="Gridlet"))
    asked = [request["response_format"]["json_schema"]["schema"]["properties"] for request in server.requests]
    part = list(asked[0]["segments"]["items"]["properties"])
    assert part.index("reason") < part.index("made_by") < part.index("verdict") < part.index("first")
    project = list(asked[1])
    assert project.index("idea_reason") < project.index("idea_score")
    assert project.index("complexity_reason") < project.index("complexity_score")


def test_a_project_bears_the_source_that_it_was_posted_on():
    post = make_post(id=FIRST_FOREIGN_ID, source=Source.LOBSTERS)
    comment = make_comment(GRIDLET, id=FIRST_FOREIGN_ID, post=post, source=Source.LOBSTERS)
    read_comment(comment.pk, analyst=get_analyst("rules"))
    project = Project.objects.get()
    assert (project.source, project.confidence is not None) == ("lobsters", True)
    assert Project.objects.posted().get() == project
    assert known_projects("alice", "hn") == []
    assert [known.id for known in known_projects("alice", "lobsters")] == [project.pk]


def test_projects_of_before_get_the_source_where_they_were_posted_first():
    lobsters = {"source": Source.LOBSTERS, "post": make_post(id=FIRST_FOREIGN_ID, source=Source.LOBSTERS)}
    there = make_comment(id=FIRST_FOREIGN_ID, posted_at=POSTED_AT, **lobsters)
    later = make_comment(id=FIRST_FOREIGN_ID + 1, posted_at=POSTED_AT + timedelta(days=1), **lobsters)
    here, late = make_comment(posted_at=POSTED_AT), make_comment(posted_at=POSTED_AT + timedelta(days=2))
    by_title = {"there": [there], "there first": [there, late], "here": [here], "here first": [here, later]}
    for title, comments in by_title.items():
        project = make_project(title=title)
        for comment in comments:
            project.submissions.create(comment=comment, text="")
    make_project(title="idea", source="nemo_data_designer")
    import_module("projects.migrations.0011_source_of_projects_from_lobsters").set_lobsters(apps, None)
    found = Project.objects.filter(source="lobsters").order_by("title").values_list("title", flat=True)
    assert list(found) == ["there", "there first"]
