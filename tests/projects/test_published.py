"""Who sees which projects: strangers, staff and tokens, with either setting."""

import pytest
from django.contrib.auth.models import User

from projects.conditions import IDEAS
from tests.factories import make_project

pytestmark = pytest.mark.django_db

TOKEN = "a-token-of-the-environment-0123456789"
STRANGER, STAFF, BEARER = "stranger", "staff", "token"


@pytest.fixture
def projects():
    return {
        status: make_project(title=status.title(), review_status=status)
        for status in ("pending", "approved", "rejected")
    } | {"idea": make_project(title="Idea", source=IDEAS, review_status="approved")}


@pytest.fixture
def get(client, settings):
    """Return what asks the API as somebody."""
    settings.API_TOKENS = [TOKEN]

    def get(path: str, who: str = STRANGER):
        if who == STAFF:
            client.force_login(User.objects.create_superuser("operator"))
        headers = {"authorization": f"Bearer {TOKEN}"} if who == BEARER else {}
        return client.get(path, headers=headers)

    return get


@pytest.mark.parametrize(
    ("setting", "who", "titles"),
    [
        ("all", STRANGER, ["Approved", "Pending"]),
        ("all", STAFF, ["Approved", "Pending"]),
        ("all", BEARER, ["Approved", "Pending"]),
        ("approved", STRANGER, ["Approved"]),
        ("approved", STAFF, ["Approved", "Pending"]),
        ("approved", BEARER, ["Approved", "Pending"]),
    ],
)
def test_the_list_has_what_the_caller_may_see(projects, get, settings, setting, who, titles):
    settings.PUBLIC_PROJECTS = setting
    assert sorted(row["title"] for row in get("/api/projects", who).json()["items"]) == titles


@pytest.mark.parametrize("path", ["/api/projects/{}", "/api/projects/{}/similar"])
@pytest.mark.parametrize(
    ("setting", "who", "statuses"),
    [
        ("all", STRANGER, {"pending": 200, "approved": 200, "rejected": 404}),
        ("approved", STRANGER, {"pending": 404, "approved": 200, "rejected": 404}),
        ("approved", STAFF, {"pending": 200, "approved": 200, "rejected": 404}),
        ("approved", BEARER, {"pending": 200, "approved": 200, "rejected": 404}),
    ],
)
def test_one_project_is_there_for_who_may_see_it(projects, get, client, settings, path, setting, who, statuses):
    settings.PUBLIC_PROJECTS = setting
    get("/api/projects", who)
    headers = {"authorization": f"Bearer {TOKEN}"} if who == BEARER else {}
    found = {status: client.get(path.format(projects[status].pk), headers=headers).status_code for status in statuses}
    assert found == statuses


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", ["Approved", "Pending"]),
        ("?source=hn", ["Approved", "Pending"]),
        ("?source=nemo_data_designer", ["Idea"]),
        ("?source=hn&source=nemo_data_designer", ["Approved", "Idea", "Pending"]),
        ("?source_not=hn", []),
    ],
)
def test_generated_ideas_are_listed_where_they_are_asked_for(projects, get, query, titles):
    assert sorted(row["title"] for row in get(f"/api/projects{query}").json()["items"]) == titles


def test_an_idea_has_its_address(projects, get):
    assert get(f"/api/projects/{projects['idea'].pk}").status_code == 200


@pytest.mark.parametrize(("who", "control"), [(STRANGER, "public"), (STAFF, "private"), (BEARER, "private")])
def test_what_is_for_staff_is_kept_by_no_proxy(projects, get, who, control):
    answer = get("/api/projects", who)
    assert answer["Cache-Control"] == f"{control}, no-cache"
    assert {"Accept", "Authorization", "Cookie"} <= set(answer["Vary"].split(", "))


@pytest.mark.parametrize("path", ["/projects/", "/about", "/search?q=x", "/projects/1/", "/tags/"])
def test_a_closed_site_has_no_pages(projects, get, settings, path):
    settings.PUBLIC_SITE = False
    assert get(path).status_code == 404
    assert get("/")["Location"] == "/admin/"
    assert get("/api/projects").status_code == 200


def test_a_closed_site_sends_robots_away(get, settings):
    settings.PUBLIC_SITE = False
    answer = get("/robots.txt")
    assert (answer.status_code, answer.content) == (200, b"User-agent: *\nDisallow: /\n")


def test_an_unknown_address_of_a_closed_site_names_none_of_its_pages(get, settings):
    settings.PUBLIC_SITE = False
    answer = get("/nothing/here")
    assert (answer.status_code, b"/projects/" in answer.content) == (404, False)
