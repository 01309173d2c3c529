"""Pages through the database, from a real web server on loopback."""

from datetime import timedelta

import pytest
from django.utils import timezone

from comments import event_loop
from projects.models import Page
from projects.pages import PageReader
from tests.servers.pages import PageServer, page

pytestmark = pytest.mark.django_db


@pytest.fixture
def allowed(settings):
    settings.FETCH_PAGES = True
    settings.PAGES_ALLOWED_TEST_NETWORKS = ("127.0.0.0/8",)


@pytest.fixture
def server():
    answers = {"/": page("<title>Foo</title><p>Foo does things with other things, and does them rather well.</p>")}
    with PageServer(answers) as server:
        yield server


def read(server: PageServer, *paths: str):
    """Read pages in a run of their own, and keep what was fetched."""
    urls = [server.url + path for path in paths]
    reader = PageReader(urls)
    texts = event_loop.run(reader.read(urls))
    reader.keep()
    return texts


def test_a_page_that_several_comments_link_to_costs_one_request(server, allowed):
    [first] = read(server, "/")
    [second] = read(server, "/", "/")
    assert first == second
    assert (first.title, first.error) == ("Foo", "")
    assert "rather well" in first.text
    assert server.paths() == ["/"]


def test_a_page_is_fetched_again_after_30_days_and_a_failure_after_one(server, allowed):
    assert [bool(text.error) for text in read(server, "/", "/missing")] == [False, True]
    for days, asked in ((0.9, 0), (2, 1), (31, 2)):
        Page.objects.update(fetched_at=timezone.now() - timedelta(days=days))
        before = len(server.paths())
        read(server, "/", "/missing")
        assert len(server.paths()) - before == asked
    assert Page.objects.count() == 2
    assert Page.objects.get(url=server.url + "/missing").status == 404


def test_nothing_is_fetched_when_pages_are_off(server, allowed, settings):
    settings.FETCH_PAGES = False
    assert read(server, "/") == []
    assert server.paths() == []


def test_this_machine_is_out_of_reach_in_production(server, settings):
    settings.FETCH_PAGES = True
    [text] = read(server, "/")
    assert "no public address" in text.error or "not the usual one" in text.error
    assert server.paths() == []
