"""Lobsters beside Hacker News: its threads through the same line, under numbers of their own."""

import pytest

from comments.collecting import collect_post, collect_posts
from comments.models import FIRST_FOREIGN_ID, Comment, Post
from comments.trying import try_source
from tests.servers.lobsters import LobstersServer, story
from tests.servers.loopback import Fault

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings):
    stories = [
        story("abc123", "What are you doing this week?", 12),
        story("zzz999", "What keyboard do you use?", 5),
        story("old111", "What Are You Working On This Weekend", 3, created_at="2026-11-07T05:12:33.000-06:00"),
    ]
    with LobstersServer(stories) as server:
        settings.LOBSTERS_BASE_URL, settings.SOURCES = server.url, ["lobsters"]
        yield server


def test_the_weekly_threads_are_collected_under_numbers_of_their_own(server):
    result = collect_posts()
    assert result["status"] == "success"
    assert {post.source_id for post in Post.objects.all()} == {"abc123", "old111"}
    post = Post.objects.get(source_id="abc123")
    assert post.pk >= FIRST_FOREIGN_ID
    assert post.comments.count() == 12  # without the answer to one of them
    comment = post.comments.get(source_id="abc1230")
    assert (comment.author, comment.text) == ("user_abc1230", "<p>I am building thing 0.</p>")
    assert comment.source_url == f"{server.url}/c/abc1230"
    assert comment.status == "pending"
    assert len(server.requests) == 3  # the list, and one for each thread


def test_a_second_look_is_one_request_and_sees_edits_and_deletions(server):
    collect_posts()
    post = Post.objects.get(source_id="abc123")
    nodes = server.stories["abc123"]["comments"]
    nodes[0]["comment"] = "<p>Another text</p>"
    nodes[2] |= {"is_deleted": True, "comment": ""}
    before = len(server.requests)
    again = collect_post(post.pk)
    assert (again.comments_updated, again.comments_skipped) == (2, 10)
    assert len(server.requests) - before == 1
    assert Comment.objects.get(source_id="abc1230").text == "<p>Another text</p>"
    assert Comment.objects.get(deleted=True).text


@pytest.mark.parametrize(
    "fault", [Fault.SERVER_ERROR, Fault.NULL, Fault.GARBAGE, Fault.answer(body=b'[{"short_id": "x"}]')]
)
def test_a_list_that_cannot_be_read_is_named(server, fault):
    server.fail("/t/ask.json", fault)
    with pytest.raises(Exception, match=r"lobsters|t/ask|ask|x"):
        collect_posts()
    assert Post.objects.count() == 0


def test_a_source_is_tried_without_saving(server, settings):
    settings.SOURCES = ["hn"]
    tried = try_source("lobsters", 5)
    assert (tried["threads_found"], len(tried["comments"])) == (2, 5)
    assert tried["post"]["total_kids"] == 12
    assert (Post.objects.count(), Comment.objects.count()) == (0, 0)


def test_who_is_asked_can_read_who_asks(server, settings):
    settings.CONTACT = "ops@example.org"
    try_source("lobsters", 1)
    assert server.requests[0].headers["user-agent"].startswith("waywo/")
    assert "ops@example.org" in server.requests[0].headers["user-agent"]
