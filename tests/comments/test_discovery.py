"""Discovery against a real HTTP server that speaks Algolia's search, and adding a thread by hand."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from comments.adding import NotAThread, add_post
from comments.discovery import accept, discover_posts, refuse
from comments.due_threads import threads_to_collect
from comments.models import Candidate, Post
from comments.sources.known_threads import KnownThread
from comments.trying import try_source
from core.http import OutsideError
from core.models import BatchTask
from tests.factories import make_post
from tests.servers.hackernews import Fault, HackerNewsServer
from tests.servers.lobsters import LobstersServer, story
from tests.servers.processes import command

pytestmark = pytest.mark.django_db
NOW = int(datetime.now(UTC).timestamp())


def thread(item_id: int, title: str, by: str = "david927", comments: int = 50, days: float = 2) -> dict:
    posted = NOW - int(timedelta(days=days).total_seconds())
    item = {"id": item_id, "type": "story", "by": by, "time": posted, "title": title, "score": 5, "kids": []}
    return item | {"descendants": comments}


ITEMS = [
    thread(70000001, "Ask HN: What are you working on? (November 2026)"),
    thread(70000002, "Ask HN: What are you working on this weekend?", by="somebody"),
    thread(70000003, "Ask HN: Who is hiring? (November 2026)", by="whoishiring"),
    thread(70000004, "Ask HN: What are you working on? (October 2026)", comments=9),
    thread(70000005, "Ask HN: What are you working on? (July 2026)", days=120),
    thread(70000006, "Ask HN: How do you stay sane working on this?", by="somebody"),
    thread(49686380, "Ask HN: What are you working on? (September 2026)"),  # of threads.yml
]


@pytest.fixture
def server(settings):
    with HackerNewsServer(ITEMS) as server:
        settings.HN_API_BASE_URL, settings.HN_SEARCH_BASE_URL = server.item_api, server.search_api
        yield server


def verdicts(result: dict) -> dict[int, str]:
    return {story["id"]: story["verdict"] for story in result["found"]}


def test_what_is_sure_is_added_and_what_is_not_waits_for_a_person(server):
    result = discover_posts()
    assert result["added"] == [70000001]
    assert verdicts(result) == {70000001: "trusted", 70000002: "candidate", 70000006: "refused"}
    post = Post.objects.get()
    assert (post.pk, post.year, post.month, post.collected_at) == (70000001, 2026, 11, None)
    assert Candidate.objects.get().pk == 70000002
    assert 70000001 in [due.post_id for due in threads_to_collect(3)[0]]


def test_more_stories_than_a_search_gives_are_found_all(server):
    # 2,100, ten of each second: a second lies on both sides of where a search ends.
    for number in range(2_100):
        posted = {"time": NOW - 86_400 - number // 10}
        server.items[80_000_000 + number] = thread(80_000_000 + number, "Ask HN: Is it working?") | posted
    found = verdicts(discover_posts(dry_run=True))
    assert {80_000_000 + number for number in range(2_100)} <= found.keys()
    assert found[70000001] == "trusted"
    assert len(server.requests) < 30


def test_a_dry_run_says_the_same_and_saves_nothing(server):
    dry = discover_posts(dry_run=True)
    assert (Post.objects.count(), Candidate.objects.count()) == (0, 0)
    assert dry == discover_posts()


def test_each_source_is_asked_or_the_one_that_is_named(server, settings):
    created = datetime.fromtimestamp(NOW, UTC).isoformat()
    stories = [
        story("abc123", "What are you doing this week?", 9, created_at=created),
        story("old111", "What are you doing this week?", 9, created_at="2026-01-07T05:12:33.000-06:00"),
    ]
    with LobstersServer(stories) as lobsters:
        settings.LOBSTERS_BASE_URL = lobsters.url
        assert discover_posts(source="lobsters", dry_run=True)["added"] == ["abc123"]
        assert Post.objects.count() == 0
        found = discover_posts(source="lobsters")
        assert ([row["source"] for row in found["found"]], found["added"]) == (["lobsters"], ["abc123"])
        assert server.requests == []
        assert Post.objects.get().source_id == "abc123"
        settings.SOURCES = ["hn", "lobsters"]
        assert discover_posts()["added"] == [70000001]
        lobsters.fail(None, Fault.SERVER_ERROR)
        partial = discover_posts()
        assert (partial["status"], len(partial["missing"])) == ("partial", 1)
    with pytest.raises(ValueError, match="'reddit' is not a source: there are hn, lobsters"):
        discover_posts(source="reddit")


def test_a_search_that_is_refused_is_missing_and_not_asked_again(server):
    server.fail(None, Fault.answer(403, b"Forbidden"))
    result = discover_posts()
    assert (result["status"], result["added"], len(server.requests)) == ("partial", [], 1)
    assert "403" in result["missing"][0]


def test_only_threads_of_the_last_days_are_due_where_that_is_asked(server, monkeypatch):
    today = datetime.now(UTC)
    month_before = (today.replace(day=1) - timedelta(days=20)).replace(day=1)
    known = [KnownThread(80000001, today.year, today.month), KnownThread(80000002, month_before.year, 1)]
    monkeypatch.setattr("comments.sources.hackernews.known_threads", lambda: known)
    for pk, days in ((70000001, 1), (70000002, 3)):
        make_post(id=pk, posted_at=today - timedelta(days=days), year=today.year, month=today.month)
    due = {thread.post_id for thread in threads_to_collect(max_age_days=2)[0]}
    # One that was never collected may be of today.
    assert due == {70000001, 80000001}
    assert {thread.post_id for thread in threads_to_collect()[0]} == {70000001, 70000002, 80000001, 80000002}
    with pytest.raises(ValueError, match="max_age_days=0 is invalid"):
        threads_to_collect(max_age_days=0)


def test_a_try_walks_to_a_thread_that_is_served_and_shows_what_it_found(server, monkeypatch):
    kids = [{"id": 90 + n, "type": "comment", "by": "x", "time": 9, "text": f"Thing {n}"} for n in range(3)]
    server.items |= {kid["id"]: kid for kid in kids}
    server.items[70000001] |= {"kids": [90, 91, 92]}
    known = [KnownThread(80000001, 2026, 12), KnownThread(70000001, 2026, 11)]
    monkeypatch.setattr("comments.sources.hackernews.known_threads", lambda: known)
    tried = try_source("hn", 2)
    assert (tried["status"], tried["threads_found"], tried["post"]["id"]) == ("partial", 4, 70000001)
    assert [comment["text"] for comment in tried["comments"]] == ["Thing 0", "Thing 1"]
    assert tried["missing"] == ["These threads are not served: 80000001 (2026-12)."]
    # Those that the search finds are among them, known or not.
    assert [thread["id"] for thread in tried["threads"]] == ["80000001", "70000001", "49686380", "70000005"]
    assert tried["threads"][1]["title"] == "Ask HN: What are you working on? (November 2026)"
    assert (Post.objects.count(), Candidate.objects.count()) == (0, 0)
    server.fail(70000001, Fault.answer(403, b"Forbidden"))
    refused = try_source("hn")
    assert (refused["status"], refused["post"]) == ("partial", None)
    assert "403" in refused["missing"][-1]
    for limit in (0, 101, True):
        with pytest.raises(ValueError, match=f"limit={limit} is invalid"):
            try_source("hn", limit)


def test_nothing_is_found_twice(server):
    discover_posts()
    again = discover_posts()
    assert again["added"] == []
    assert (Post.objects.count(), Candidate.objects.count()) == (1, 1)


def test_an_accepted_candidate_is_a_thread_and_a_refused_one_never_comes_back(server, admin_user):
    server.items[70000007] = thread(70000007, "Ask HN: What is everyone working on?", by="somebody")
    discover_posts()
    yes, no = Candidate.objects.order_by("pk")
    assert accept(yes, admin_user).pk == yes.pk
    refuse(no, admin_user)
    assert set(verdicts(discover_posts())) == {70000006}
    assert Post.objects.filter(pk=yes.pk).exists()
    assert not Post.objects.filter(pk=no.pk).exists()
    assert (no.status, no.decided_by) == ("refused", admin_user)


def test_a_search_that_fails_adds_nothing(server):
    server.fail(None, Fault.SERVER_ERROR)
    with pytest.raises(OutsideError, match="answered 500"):
        discover_posts()
    assert (Post.objects.count(), Candidate.objects.count()) == (0, 0)


@pytest.mark.parametrize("days", [0, -1, True, "x"])
def test_a_number_of_days_out_of_range_is_named(server, days):
    with pytest.raises(ValueError, match="since_days="):
        discover_posts(days)
    assert server.requests == []


@pytest.mark.parametrize("text", ["70000002", "https://news.ycombinator.com/item?id=70000002"])
def test_a_thread_is_added_by_id_or_address(server, text):
    post = add_post(text, year=2026, month=10)
    assert (post.pk, post.title, post.month_name) == (70000002, ITEMS[1]["title"], "2026-10")
    assert add_post(text).month_name == "2026-10"
    assert Post.objects.count() == 1


def test_what_is_no_thread_is_not_added(server):
    server.items[7] = {"id": 7, "type": "comment", "by": "x", "time": 1, "text": "x", "parent": 1}
    for text, error in (("7", NotAThread), ("8", NotAThread), ("https://example.com/item?id=7", ValueError)):
        with pytest.raises(error):
            add_post(text)
    with pytest.raises(ValueError, match="month=13"):
        add_post("70000002", month=13)
    assert Post.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_commands_say_what_they_did():
    with (
        HackerNewsServer(ITEMS) as server,
        LobstersServer([story("abc123", "What are you doing this week?", 9)]) as lobsters,
    ):
        addresses = {
            "HN_API_BASE_URL": server.item_api,
            "HN_SEARCH_BASE_URL": server.search_api,
            "LOBSTERS_BASE_URL": lobsters.url,
        }
        dry = command("discover_waywo_posts", "--dry-run", **addresses)
        assert dry.returncode == 0, dry.stderr
        assert "1 would be added, 1 to be decided" in dry.stdout
        assert "THREAD_AUTHORS" in dry.stdout
        assert Post.objects.count() == 0
        found = command("discover_waywo_posts", "--json", **addresses)
        assert json.loads(found.stdout.splitlines()[-1])["added"] == [70000001]
        added = command("add_waywo_post", "https://news.ycombinator.com/item?id=70000002", "--json", **addresses)
        assert json.loads(added.stdout.splitlines()[-1])["post_id"] == 70000002
        bad = command("add_waywo_post", "no address", **addresses)
        assert (bad.returncode, "Traceback" in bad.stderr) == (1, False)
        tried = command("try_source", "lobsters", "--limit", "5", **addresses)
        assert tried.returncode == 0, tried.stderr
        assert tried.stdout.count("I am building thing") == 5
        unknown = command("try_source", "reddit", **addresses)
        assert "there are hn, lobsters" in unknown.stderr
    assert Post.objects.count() == 2


def test_a_click_in_the_admin_accepts_or_refuses(server, admin_client):
    discover_posts()
    page, chosen = "/admin/comments/candidate/", {"_selected_action": [70000002]}
    assert b"this weekend" in admin_client.get(page).content
    done = admin_client.post(page, chosen | {"action": "accept_selected"}, follow=True)
    assert b"1 task is on the way" in done.content
    assert Candidate.objects.get().status == "accepted"
    assert [task.kwargs["post_id"] for task in BatchTask.objects.all()] == [70000002]
    # What is a thread by now can be neither refused nor accepted twice.
    for action in ("refuse_selected", "accept_selected"):
        admin_client.post(page, chosen | {"action": action}, follow=True)
    assert (Candidate.objects.get().status, BatchTask.objects.count()) == ("accepted", 1)
    Candidate.objects.update(status="waiting")
    admin_client.post(page, chosen | {"action": "refuse_selected"}, follow=True)
    assert Candidate.objects.get().status == "refused"
