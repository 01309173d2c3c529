"""Asking again: Algolia's copy and the item API, what is due, what failed, what was withdrawn."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from comments.adding import CollectionError, NotAThread
from comments.collecting import collect_post, collect_posts
from comments.due_threads import threads_to_collect
from comments.models import Comment, Post
from projects.models import Submission
from projects.withdrawn_comments import WITHDRAWN
from tests.factories import make_comment, make_project
from tests.servers.hackernews import Fault, HackerNewsServer
from tests.servers.threads import generate_thread

pytestmark = pytest.mark.django_db
OUR_COLUMNS = {"looked_at"}


@pytest.fixture
def thread():
    """A thread that was posted six hours ago."""
    posted_at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=6)
    return generate_thread(120, seed=5, deleted=0.05, dead=0.05, posted_at=posted_at)


@pytest.fixture
def server(thread, settings):
    with HackerNewsServer(thread) as server:
        settings.HN_API_BASE_URL, settings.HN_SEARCH_BASE_URL = server.item_api, server.search_api
        yield server


@pytest.fixture
def post_id(thread):
    return thread[0]["id"]


def rows() -> list[dict]:
    fields = [field.attname for field in Comment._meta.fields if field.attname not in OUR_COLUMNS]
    return list(Comment.objects.order_by("id").values(*fields))


def asked(server, since: int = 0) -> list[int]:
    """Return the ids that the item API was asked for."""
    return [int(path.split("/")[-1][:-5]) for path in server.requests[since:] if path.startswith("/v0/item/")]


def add_comments(server, number: int) -> list[int]:
    post = next(item for item in server.items.values() if item["type"] == "story")
    last, now = max(server.items), int(timezone.now().timestamp())
    new = [last + 1 + step for step in range(number)]
    for item_id in new:
        item = {"id": item_id, "type": "comment", "by": "new", "parent": post["id"], "time": now - 60}
        server.items[item_id] = item | {"text": "I am building a new thing."}
    post["kids"] = new + post["kids"]
    return new


def make_older(days: float) -> None:
    """Move all that is stored into the past, as if the time had passed."""
    step = timedelta(days=days)
    for post in Post.objects.all():
        Post.objects.filter(pk=post.pk).update(posted_at=post.posted_at - step)
    for comment in Comment.objects.all():
        looked_at = comment.looked_at - step
        Comment.objects.filter(pk=comment.pk).update(posted_at=comment.posted_at - step, looked_at=looked_at)


def test_both_ways_give_the_same_rows(server, post_id, settings):
    collect_post(post_id)
    by_copy, requests = rows(), len(server.requests)
    Post.objects.all().delete()
    settings.HN_SEARCH_BASE_URL = "http://127.0.0.1:9/closed"
    collect_post(post_id)
    assert rows() == by_copy
    assert len(by_copy) == 120
    assert requests < 30 < len(server.requests) - requests


def test_what_the_copy_lacks_is_asked_for_and_nothing_else(server, thread, post_id):
    kids = thread[0]["kids"]
    hidden = {item["id"] for item in thread[1:] if item.get("dead") or item.get("deleted")}
    server.search_missing = set(kids[10:16])
    assert collect_post(post_id).comments_saved == 120
    assert sorted(asked(server)) == sorted({post_id, *hidden, *kids[10:16]})


@pytest.mark.parametrize(
    "fault", [Fault.SERVER_ERROR, Fault.TRUNCATED, Fault.NOT_FOUND, Fault.NULL, Fault.HTML, Fault.DROPPED]
)
def test_without_the_copy_every_comment_is_asked_for(server, post_id, fault):
    server.fail(lambda path: path.startswith("/api/"), fault)
    assert collect_post(post_id).comments_saved == 120


def test_a_second_look_asks_for_the_post_and_what_is_new(server, post_id):
    collect_post(post_id)
    new, before = add_comments(server, 10), len(server.requests)
    again = collect_post(post_id)
    assert (again.comments_saved, again.comments_skipped) == (10, 120)
    assert len(server.requests) - before < 20
    assert sorted(asked(server, before)) == sorted([post_id, *new])


def test_a_comment_is_looked_at_again_at_3_hours_and_1_3_and_14_days_and_between_them_not(server, post_id):
    collect_post(post_id)
    looks = []
    for _ in range(20):
        make_older(days=1)
        before = len(server.requests)
        collect_post(post_id)
        looks.append(len(asked(server, before)) - 1)
    # The comments are some five hours old at first.
    assert [day for day, count in enumerate(looks, 1) if count] == [1, 3, 14]


@pytest.mark.parametrize(
    ("age", "looked_at", "due"),
    [(2.9, 0.1, False), (3.1, 0.1, True), (3.1, 3.05, False), (23, 3.1, False), (25, 3.1, True), (400, 73, True)],
)
def test_hours_after_it_was_posted_say_when_a_comment_is_due(age, looked_at, due):
    now = timezone.now()
    posted_at = now - timedelta(hours=age)
    make_comment(posted_at=posted_at, looked_at=posted_at + timedelta(hours=looked_at))
    assert Comment.objects.due_for_a_look(now).exists() is due


def test_an_edit_seen_by_a_second_look_sets_the_comment_back(server, post_id):
    collect_post(post_id)
    comment = Comment.objects.filter(status="pending").first()
    Comment.objects.filter(pk=comment.pk).update(status="processed")
    server.items[comment.pk]["text"] = "Something else"
    assert collect_post(post_id).comments_updated == 0
    make_older(days=1)
    assert collect_post(post_id).comments_updated == 1
    comment.refresh_from_db()
    assert (comment.status, comment.text) == ("pending", "Something else")


def test_what_failed_or_was_null_is_asked_for_by_the_next_look(server, thread, post_id):
    kids = [item["id"] for item in thread[1:] if item.get("dead")][:3]
    server.fail(kids[0], Fault.GARBAGE)
    late = server.items.pop(kids[1])
    first = collect_post(post_id)
    assert (first.failed, first.comments_saved, first.comments_skipped) == ([kids[0]], 118, 1)
    server.heal()
    server.items[kids[1]] = late
    before = len(server.requests)
    assert collect_post(post_id).comments_saved == 2
    assert sorted(asked(server, before)) == sorted([post_id, kids[0], kids[1]])


def test_a_comment_that_the_post_names_no_more_is_asked_for_at_once(server, thread, post_id):
    collect_post(post_id)
    comment = Comment.objects.visible().first()
    server.items[post_id]["kids"] = [kid for kid in thread[0]["kids"] if kid != comment.pk]
    server.items[comment.pk]["deleted"] = True
    collect_post(post_id)
    comment.refresh_from_db()
    assert comment.deleted


def test_a_settled_thread_costs_nothing_by_schedule_and_all_of_it_is_looked_at_when_asked(server, post_id):
    collect_post(post_id)
    server.items[post_id]["time"] -= 40 * 86400
    make_older(days=40)
    collect_post(post_id)
    post = Post.objects.get(pk=post_id)
    assert post.settled_at is not None
    before = len(server.requests)
    due, errors = threads_to_collect()
    assert post_id not in [thread.post_id for thread in due]
    assert (len(server.requests), errors) == (before, [])
    comment = Comment.objects.filter(status="pending").first()
    server.items[comment.pk]["text"] = "Edited long after"
    assert collect_post(post_id).comments_updated == 1


def test_a_thread_that_was_deleted_at_its_source_is_marked_and_asked_for_no_more(server, post_id, capsys):
    collect_post(post_id)
    comments = rows()
    item = server.items[post_id]
    server.items[post_id] = {key: item[key] for key in ("id", "type", "time")} | {"deleted": True}
    result = collect_post(post_id).as_dict()
    assert (result["status"], result["deleted"], result["title"]) == ("success", True, item["title"])
    post = Post.objects.get(pk=post_id)
    assert (post.deleted, post.title, post.settled_at is None) == (True, item["title"], False)
    assert rows() == comments
    assert post_id not in [thread.post_id for thread in threads_to_collect()[0]]
    call_command("process_waywo_post", str(post_id))
    assert "deleted at its source" in capsys.readouterr().out
    server.items[post_id] = item
    assert collect_post(post_id).as_dict()["deleted"] is False
    post.refresh_from_db()
    assert (post.deleted, post.settled_at) == (False, None)


def test_a_thread_that_is_served_no_more_is_asked_again_for_four_weeks(server, post_id):
    collect_post(post_id)
    server.items[post_id] = None
    make_older(days=20)
    with pytest.raises(NotAThread, match="null"):
        collect_post(post_id)
    assert not Post.objects.get(pk=post_id).deleted
    make_older(days=10)
    assert collect_post(post_id).deleted
    assert Post.objects.get(pk=post_id).settled_at is not None


def test_an_old_copy_never_overwrites_what_is_stored(server, post_id):
    collect_post(post_id)
    Post.objects.filter(pk=post_id).update(settled_at=timezone.now())
    comment = Comment.objects.filter(status="pending").first()
    server.search_stale = {comment.pk: "What it said before"}
    before = len(server.requests)
    assert collect_post(post_id).comments_updated == 0
    assert comment.pk in asked(server, before)
    assert Comment.objects.get(pk=comment.pk).text == comment.text


def test_the_projects_of_a_withdrawn_comment_are_flagged_and_none_is_dropped(server, post_id):
    collect_post(post_id)
    comment = Comment.objects.filter(status="pending").first()
    Comment.objects.filter(pk=comment.pk).update(status="processed")
    project = make_project(review_status="approved")
    Submission.objects.create(project=project, comment=comment, text="x")
    item = server.items[comment.pk]
    server.items[comment.pk] = {key: item[key] for key in ("id", "type", "parent", "time")} | {"deleted": True}
    make_older(days=1)
    collect_post(post_id)
    project.refresh_from_db()
    assert (project.flag_reason, project.review_status) == (WITHDRAWN, "approved")
    server.items[comment.pk] = item
    make_older(days=2)
    collect_post(post_id)
    project.refresh_from_db()
    assert project.flag_reason == ""


def test_a_fifth_of_failing_answers_loses_nothing_and_doubles_nothing(server, post_id):
    server.search_missing = set(server.items)  # all of it comes from the item API
    server.fail(None, Fault.SERVER_ERROR, share=0.2, seed=4)
    collected = collect_post(post_id)
    requests = len(server.requests)
    print(f"20 % of answers failing: 120 comments after one collection, {requests} requests")
    assert (collected.comments_saved, collected.failed) == (120, [])
    assert Comment.objects.count() == 120
    # The post, the copy's three tries, and each comment 1.25 times.
    assert requests <= 124 * 1.5


def test_a_few_that_failed_all_tries_are_asked_for_once_more_at_the_end(server, thread, post_id):
    server.search_missing = set(server.items)
    # As often as one request is tried.
    server.fail(thread[0]["kids"][:4], Fault.SERVER_ERROR, each=3)
    collected = collect_post(post_id)
    assert (collected.comments_saved, collected.failed) == (120, [])
    assert len(server.requests) <= 124 + 4 * 3


def test_five_thousand_comments_are_collected(settings):
    with HackerNewsServer(generate_thread(5000, seed=2)) as server:
        settings.HN_API_BASE_URL, settings.HN_SEARCH_BASE_URL = server.item_api, server.search_api
        collected = collect_post(generate_thread(1)[0]["id"])
        assert (collected.comments_saved, collected.failed) == (5000, [])
        assert len(server.requests) < 400
    assert Comment.objects.count() == 5000


def test_a_failed_look_leaves_the_thread_due(server, thread, post_id):
    server.fail(lambda path: path.startswith("/api/"), Fault.SERVER_ERROR)
    server.fail(thread[0]["kids"][:20], Fault.NOT_FOUND)
    with pytest.raises(CollectionError):
        collect_post(post_id)
    assert Post.objects.get(pk=post_id).collected_at is None
    server.heal()
    assert collect_post(post_id).comments_saved == 20


def test_a_source_that_is_down_fails_alone(server, thread, settings, monkeypatch):
    settings.SOURCES = ["hn", "lobsters"]
    settings.LOBSTERS_BASE_URL = "http://127.0.0.1:9/closed"
    monkeypatch.setattr("comments.sources.hackernews.known_threads", list)
    collect_post(thread[0]["id"])
    result = collect_posts()
    assert result["status"] == "partial"
    assert [post["post_id"] for post in result["posts"]] == [thread[0]["id"]]
    assert "127.0.0.1:9" in result["errors"][0]["error"]


def test_sources_are_asked_side_by_side(monkeypatch):
    both_asked = asyncio.Barrier(2)

    class Slow:
        address, concurrency = "", 1

        def __init__(self, name: str) -> None:
            self.name = name

        async def __aenter__(self):
            return self

        async def __aexit__(self, *_) -> None: ...

        async def find_threads(self) -> list:
            # One after another nobody would pass.
            await asyncio.wait_for(both_asked.wait(), 30)
            return []

    monkeypatch.setattr("comments.due_threads.chosen_sources", lambda name: [Slow("one"), Slow("two")])
    assert threads_to_collect() == ([], [])
