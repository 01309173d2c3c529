"""The page that asks for ideas, the page of a run, and who may use them."""

import json
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.urls import reverse
from django_celery_results.models import TaskResult

from ideas.generation import generate_ideas
from ideas.models import IdeaRun
from projects.models import Project, ReviewAction, Tag
from projects.reviewing import acts
from projects.reviewing.undoing import DoneElsewhere, undo, undo_last
from tests.factories import make_project
from tests.servers.ideas import metadata, prose

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]

ASK = "/admin/ideas/idearun/add/"


def tagged(*names: str, **fields) -> Project:
    project = make_project(**fields)
    project.tags.set([Tag.objects.get_or_create(name=name)[0] for name in names])
    return project


@pytest.fixture
def with_model(settings):
    settings.LLM_BASE_URL, settings.LLM_MODEL = "http://127.0.0.1:9/v1", "scripted"


@pytest.mark.usefixtures("with_model")
def test_asking_sends_the_task_and_shows_its_page(admin_client, admin_user):
    tagged("rust", "education")
    answer = admin_client.post(ASK, {"num_ideas": 3, "tags": "Rust, education, ", "creativity": 1.1})
    run = IdeaRun.objects.get()
    assert answer.headers["Location"] == reverse("admin:ideas_idearun_change", args=[run.pk])
    assert (run.num_ideas, run.seed_tags, run.creativity, run.started_by) == (3, ["rust", "education"], 1.1, admin_user)
    task = TaskResult.objects.get()
    assert (task.task_id, task.task_name) == (run.task_id, "generate_ideas")
    page = admin_client.get(answer.headers["Location"]).content.decode()
    assert "Waits for a worker that serves the queue" in page
    state = admin_client.get(reverse("admin:ideas_idearun_state", args=[run.pk])).json()
    assert (state["finished"], state["done"], state["total"], state["status"]) == (False, 0, 3, "Queued")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"num_ideas": 0}, "greater than or equal to 1"),
        ({"num_ideas": 51}, "less than or equal to 50"),
        ({"creativity": 9}, "less than or equal to 1.5"),
        ({"creativity": "nan"}, "Enter a number"),
        ({"tags": "pyhton"}, "Did you mean python"),
        ({"tags": "<script>alert(1)</script>"}, "No project has the tag &#x27;&lt;script&gt;"),
    ],
)
@pytest.mark.usefixtures("with_model")
def test_what_cannot_be_asked_is_said_beside_its_field(admin_client, fields, message):
    answer = admin_client.post(ASK, {"num_ideas": 3, "tags": "", "creativity": 1} | fields)
    assert answer.status_code == 200
    assert message in answer.content.decode()
    assert not IdeaRun.objects.exists()


def test_without_a_language_model_the_page_says_how_to_run_one_and_sends_nothing(admin_client):
    for answer in (admin_client.get(ASK), admin_client.post(ASK, {"num_ideas": 3, "tags": "", "creativity": 1})):
        assert "LLM_BASE_URL is not set. Run one on this machine" in answer.content.decode()
    assert not IdeaRun.objects.exists()
    assert not TaskResult.objects.exists()


@pytest.mark.usefixtures("with_model")
def test_tags_are_completed_with_counts_and_combinations_are_previewed(admin_client):
    tagged("rust", "cli")
    tagged("rust", "trust")
    tagged("rust", source="nemo_data_designer")
    found = admin_client.get("/admin/ideas/idearun/tags/", {"q": "#RUS"}).json()["tags"]
    assert found == [{"name": "rust", "projects": 2}, {"name": "trust", "projects": 1}]
    preview = admin_client.get("/admin/ideas/idearun/preview/", {"tags": "rust, cli"}).content.decode()
    assert "Every idea combines all of these" in preview
    assert "No project has the tag" in admin_client.get("/admin/ideas/idearun/preview/", {"tags": "x"}).content.decode()
    page = admin_client.post(ASK, {"num_ideas": 1, "tags": "rust, cli", "creativity": 1, "preview": 1})
    assert "Every idea combines all of these" in page.content.decode()
    assert not IdeaRun.objects.exists()


def test_a_broker_that_is_away_leaves_no_run_that_waits_for_ever(admin_client, with_model, settings, monkeypatch):
    from kombu.exceptions import OperationalError

    def away(*_, **__):
        raise OperationalError("connection refused")

    monkeypatch.setattr("celery.app.task.Task.apply_async", away)
    answer = admin_client.post(ASK, {"num_ideas": 3, "tags": "", "creativity": 1})
    assert "The broker cannot be reached" in answer.content.decode()
    assert not IdeaRun.objects.exists()


def test_ideas_are_kept_discarded_and_bookmarked_beside_their_nearest_projects(admin_client, admin_user, model):
    evil = '<img src=x onerror="alert(1)">'
    with model(metadata=lambda _: metadata("tide tables", title=f"Tides {evil}", hashtags=[evil, "b", "c"])):
        run = generate_ideas(1)
    project = Project.objects.get()
    near = make_project(title="Real tides")
    run.ideas.update(nearest=[{"project_id": near.pk, "similarity": 0.81}, {"project_id": 999, "similarity": 0.8}])
    url = reverse("admin:ideas_idearun_change", args=[run.pk])
    page = admin_client.get(url).content.decode()
    assert "Real tides" in page
    assert "81 % alike" in page
    assert evil not in page
    decide = reverse("admin:ideas_idearun_decide", args=[run.pk, project.pk])
    for decision, field, value in (
        ("keep", "review_status", "approved"),
        ("discard", "review_status", "rejected"),
        ("bookmark", "is_bookmarked", True),
        ("unbookmark", "is_bookmarked", False),
        ("undecide", "review_status", "pending"),
    ):
        answer = admin_client.post(decide, {"decision": decision})
        assert answer.headers["Location"] == f"{url}#idea-{project.pk}"
        project.refresh_from_db()
        assert getattr(project, field) == value
        assert project.reviewer == admin_user
    card = admin_client.post(decide, {"decision": "keep"}, headers={"X-Requested-With": "fetch"}).content.decode()
    assert card.count("<article") == 1
    assert "Kept" in card
    assert admin_client.post(decide, {"decision": "burn"}).status_code == 400
    assert admin_client.get(decide).status_code == 405
    other = reverse("admin:ideas_idearun_decide", args=[run.pk, near.pk])
    assert admin_client.post(other, {"decision": "discard"}).status_code == 404, "only ideas of this run"


def test_a_decision_stands_in_the_history_can_be_undone_and_overwrites_nobodys(admin_client, admin_user, model):
    with model():
        run = generate_ideas(1)
    project = Project.objects.get()
    url = reverse("admin:ideas_idearun_change", args=[run.pk])
    decide = reverse("admin:ideas_idearun_decide", args=[run.pk, project.pk])

    def seen() -> str:
        return re.search('name="seen" value="([^"]+)"', admin_client.get(url).content.decode())[1]

    older = make_project()
    acts.change(older.pk, {"review_status": "approved"}, admin_user, ReviewAction.Place.REVIEW)
    stale = seen()
    admin_client.post(decide, {"decision": "bookmark", "seen": stale})
    assert LogEntry.objects.get(object_id=str(project.pk)).change_message == "Bookmarked."
    for headers in ({}, {"X-Requested-With": "fetch"}):
        answer = admin_client.post(decide, {"decision": "discard", "seen": stale}, headers=headers)
        assert answer.status_code == (409 if headers else 302)
        assert "after you opened it" in admin_client.get(url).content.decode()
    project.refresh_from_db()
    assert (project.review_status, project.is_bookmarked) == ("pending", True)
    admin_client.post(decide, {"decision": "keep", "seen": seen()})
    with pytest.raises(DoneElsewhere, match="in a page of new ideas") as elsewhere:
        undo_last(admin_user, ReviewAction.Place.REVIEW)
    assert undo(elsewhere.value.action.pk, admin_user).action.project_id == project.pk
    project.refresh_from_db()
    assert (project.review_status, project.is_bookmarked) == ("pending", True)


@pytest.mark.parametrize(
    ("rights", "may"),
    [
        ((), set()),
        (("view_idearun",), {"look"}),
        (("view_idearun", "add_idearun"), {"look", "ask"}),
        (("view_idearun", "change_project"), {"look", "decide"}),
    ],
)
def test_looking_asking_and_deciding_are_rights_of_their_own(client, rights, may, model):
    with model():
        run = generate_ideas(1)
    user = get_user_model().objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client.force_login(user)
    pk = Project.objects.get().pk
    answers = {
        "look": client.get(reverse("admin:ideas_idearun_change", args=[run.pk])),
        "ask": client.get(ASK),
        "decide": client.post(reverse("admin:ideas_idearun_decide", args=[run.pk, pk]), {"decision": "keep"}),
    }
    assert {name for name, answer in answers.items() if answer.status_code in (200, 302)} == may
    assert all(answer.status_code in (200, 302, 403) for answer in answers.values())


def test_the_pages_have_no_script_of_their_own_in_them(admin_client, with_model, model):
    with model():
        run = generate_ideas(1)
    for url in (ASK, reverse("admin:ideas_idearun_change", args=[run.pk])):
        page = admin_client.get(url).content.decode()
        content = page[page.index('<div class="ideas"') :].split("</main>")[0]
        ours = content[: content.rindex("ideas-")]
        assert "<script" not in ours
        assert "style=" not in ours
        assert " on" + "click" not in ours


def test_the_page_of_50_ideas_takes_no_more_queries_than_that_of_one(
    admin_client, django_assert_max_num_queries, model
):
    with model():
        run = generate_ideas(8)
    assert run.ideas.count() == 8
    with django_assert_max_num_queries(14):
        admin_client.get(reverse("admin:ideas_idearun_change", args=[run.pk]))


def test_lists_tell_ideas_apart(admin_client, model):
    tagged("rust", title="Real one")
    with model(idea=lambda _: prose("bird calls")):
        generate_ideas(1)
    page = admin_client.get("/admin/projects/project/").content.decode()
    assert "Bird Calls Keeper" in page
    shown = re.findall(r"field-idea[^>]*>\s*(?:<span class=.desk-none.>)?([^\s<]+)<", page)
    assert shown == ["7", "–"], "the score, and no object of ours"
    only = admin_client.get("/admin/projects/project/?source__exact=nemo_data_designer").content.decode()
    assert "Real one" not in only
    assert json.loads(json.dumps(IdeaRun.objects.get().as_result()))["num_saved"] == 1
    assert "1 idea" in admin_client.get("/admin/ideas/idearun/").content.decode()
