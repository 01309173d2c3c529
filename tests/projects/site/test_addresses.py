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
