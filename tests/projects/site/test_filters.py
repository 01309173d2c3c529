"""The list of projects and its filters: what they count, and where they lead."""

import re

import pytest
from django.utils.html import escape

from projects.models import Project, Tag
from tests.factories import make_project
from tests.projects.site.filling import fill_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def rusty() -> list[Project]:
    """Four projects: two with rust, one of them with a score that is known."""
    rust, games = Tag.objects.create(name="rust"), Tag.objects.create(name="games")
    rows = [make_project(title=f"Project {number}") for number in range(4)]
    rows[0].tags.add(rust)
    rows[1].tags.add(rust, games)
    Project.objects.filter(pk=rows[0].pk).update(idea_score=8)
    return rows


def titles(client, query: str) -> set[str]:
    answer = client.get(f"/projects/?{query}")
    assert answer.status_code == 200
    return set(re.findall(r">(Project \d)</a>", answer.content.decode()))


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", "0123"), ("tags=rust", "01"), ("tags_not=rust", "23"), ("tags=rust&tags_not=games", "0"),
        ("idea_score=8", "0"), ("idea_score=unknown", "123"), ("idea_score_not=unknown", "0"), ("q=nothing", ""),
        ("tags=&month=&order=&view=&page=", "0123"), ("link=none", "0123"), ("month=unknown", "0123"),
        ("utm_source=elsewhere", "0123"), ("view=cards", "0123"), ("order=idea", "0123"), ("seen_before=1", ""),
    ],
)  # fmt: skip
def test_filters_narrow_the_list(client, rusty, query, numbers):
    assert titles(client, query) == {f"Project {number}" for number in numbers}


@pytest.mark.parametrize(
    "query",
    [
        "tags=rust&tags_not=rust", "min_idea_score=9&max_idea_score=2", "idea_score=11", "month=2026-13", "source=x",
        "view=x", "order=x", "page=x", "page=0", "min_idea_score=high", "seen_before=perhaps", "tags=" + "x" * 51,
        "has_link=1&link=none",
    ],
)  # fmt: skip
def test_what_cannot_be_is_told(client, query):
    answer = client.get(f"/projects/?{query}")
    assert answer.status_code == 400
    name = query.partition("=")[0]
    assert name in answer.content.decode()


def test_a_page_beyond_the_end_is_404_and_names_the_last(client, rusty):
    answer = client.get("/projects/?page=2")
    assert answer.status_code == 404
    assert "the last one is 1" in answer.content.decode()


def test_every_filter_on_the_page_shows_as_many_as_it_says(client):
    fill_site()
    page = client.get("/projects/").content.decode()
    choices = re.findall(r'<li><a href="(\?[^"]+)" rel="nofollow">([^<]+)</a> <span class="faint">(\d+)</span>', page)
    assert len(choices) > 20
    for url, label, count in choices:
        answer = client.get(f"/projects/{url.replace('&amp;', '&')}").content.decode()
        assert re.search(rf">{count} projects?</p>", answer), f"{label}: {url}"


def test_a_filter_that_holds_can_be_taken_away_and_keeps_the_view(client, rusty):
    page = client.get("/projects/?tags=rust&tags_not=games&view=cards").content.decode()
    assert escape("?tags_not=games&view=cards") in page
    assert escape("?tags=rust&view=cards") in page
    assert 'class="card"' in page


def test_the_form_for_words_keeps_the_other_filters(client, rusty):
    page = client.get("/projects/?tags=rust&q=project&view=cards").content.decode()
    assert '<input type="hidden" name="tags" value="rust">' in page
    assert '<input type="hidden" name="view" value="cards">' in page
    assert '<input type="hidden" name="q"' not in page
