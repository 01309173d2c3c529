"""Every address of the readers' site answers, whatever stands in it."""

import pytest
from django.urls import reverse

from tests.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("url", ["/", "/projects/", "/projects/?view=cards", "/search", "/about"])
def test_each_page_is_there_when_the_index_is_empty(client, url):
    assert client.get(url).status_code == 200


def test_a_projects_address_holds_its_id_and_the_rest_may_be_wrong(client):
    project = make_project(title="Foo & Bar")
    right = f"/projects/{project.pk}-foo-bar/"
    assert client.get(right).status_code == 200
    for wrong in (f"/projects/{project.pk}/", f"/projects/{project.pk}-baz/"):
        answer = client.get(wrong)
        assert (answer.status_code, answer["Location"]) == (301, right)


@pytest.mark.parametrize("title", ["工具", "🚀", "-", "?#/"])
def test_a_title_without_letters_for_an_address_leaves_the_id(client, title):
    project = make_project(title=title)
    assert project.get_absolute_url() == f"/projects/{project.pk}/"
    assert client.get(project.get_absolute_url()).status_code == 200


@pytest.mark.parametrize("name", ["c/c++", "a b", "?x", "ünï", "100%", "#1"])
def test_any_name_makes_an_address(name):
    assert reverse("site:tag", args=[name])
    assert reverse("site:author", args=["hn", name])


@pytest.mark.parametrize("number", ["0", "12", "9" * 19, "9" * 30])
def test_a_project_that_there_is_not_is_404(client, number):
    assert client.get(f"/projects/{number}/").status_code == 404


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    "url", ["/nothing", "/nothing/", "/projects/x/", "/months/2026-13/", "/a%00b", "/wp-login.php", "/projects/1-a/b/"]
)
def test_an_address_that_there_is_not_has_our_page(client, settings, debug, url):
    settings.DEBUG = debug
    answer = client.get(url)
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()


@pytest.mark.parametrize("url", ["/projects", "/months", "/projects?page=1"])
def test_a_missing_slash_at_the_end_is_added(client, url):
    path, _, query = url.partition("?")
    answer = client.get(url)
    assert (answer.status_code, answer["Location"]) == (301, f"{path}/?{query}" if query else f"{path}/")


def test_the_api_answers_in_its_own_way(client):
    answer = client.get("/api/nothing")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("url", ["/", "/projects/", "/nothing", "/admin/", "/api/projects"])
def test_a_request_for_another_host_is_400(client, url):
    assert client.get(url, headers={"Host": "evil.example"}).status_code == 400
