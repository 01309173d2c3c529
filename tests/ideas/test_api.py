"""Asking for ideas over HTTP, with a real web server."""

import pytest

from ideas.models import IdeaRun
from projects.models import Tag
from tests.factories import make_project
from tests.servers.llm import LLMServer
from tests.servers.web import BOOTSTRAP, Web

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]


@pytest.fixture(scope="module")
def web(django_db_setup, tmp_path_factory):
    with (
        LLMServer() as server,
        Web(tmp_path_factory.mktemp("web"), LLM_BASE_URL=server.url, LLM_MODEL="scripted") as started,
    ):
        yield started


def test_a_request_sends_the_task_and_says_where_to_follow_it(web):
    with web.client(BOOTSTRAP) as client:
        answer = client.post("/api/generate-ideas", json={"num_ideas": 3, "seed_tags": ["Rust"], "creativity": 1})
        assert answer.status_code == 202, answer.text
        assert client.post("/api/generate-ideas").status_code == 202, "all arguments have defaults"
        state = client.get(answer.json()["status_url"]).json()
    assert (state["name"], state["status"]) == ("generate_ideas", "PENDING")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"num_ideas": 0}, "body.num_ideas"),
        ({"num_ideas": 51}, "body.num_ideas"),
        ({"num_ideas": -1}, "body.num_ideas"),
        ({"num_ideas": "5"}, "body.num_ideas"),
        ({"creativity": 0}, "body.creativity"),
        ({"creativity": 9}, "body.creativity"),
        ({"seed_tags": ["no-such-tag"]}, "body.seed_tags"),
        ({"seed_tags": ["rust"] * 200}, "body.seed_tags"),
        ({"seed_tags": "rust"}, "body.seed_tags"),
        ({"ideas": 5}, "body.ideas"),
    ],
)
def test_what_cannot_be_asked_is_named(web, body, field):
    with web.client(BOOTSTRAP) as client:
        answer = client.post("/api/generate-ideas", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert not IdeaRun.objects.exists()


def test_ideas_are_told_apart_and_counted_for_nothing(web):
    for title, source in (("Real", "hn"), ("Thought of", "nemo_data_designer")):
        make_project(title=title, source=source).tags.add(Tag.objects.get_or_create(name="rust")[0])
    with web.client() as client:
        ideas = client.get("/api/projects", params={"source": "nemo_data_designer"}).json()["items"]
        assert [(idea["title"], idea["source"]) for idea in ideas] == [("Thought of", "nemo_data_designer")]
        assert client.get("/api/tags").json()["items"] == [{"name": "rust", "project_count": 1}]
