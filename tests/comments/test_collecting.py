"""Collecting threads from a real HTTP server that speaks the item API and misbehaves on demand."""

import json
from datetime import UTC, datetime

import pytest

from comments.adding import CollectionError, NotAThread
from comments.collecting import collect_post, collect_posts, collect_sample
from comments.due_threads import threads_to_collect
from comments.models import Comment, Post
from comments.months import month_of
from comments.sources.json_client import circuit_of
from comments.sources.known_threads import known_threads
from core.http import NotAsked, OutsideError, Unavailable
from tests.factories import make_comment
from tests.servers.hackernews import Fault, HackerNewsServer
from tests.servers.processes import command
from tests.servers.threads import generate_thread, sample_thread

pytestmark = pytest.mark.django_db
FORBIDDEN = Fault.answer(403, b"Forbidden", "text/plain")


@pytest.fixture
def thread():
    return generate_thread(40, seed=3, deleted=0.1, dead=0.1)


@pytest.fixture
def server(thread, settings):
    with HackerNewsServer(thread) as server:
        settings.HN_API_BASE_URL = server.item_api
        yield server


@pytest.fixture
def post_id(thread):
    return thread[0]["id"]


def rows() -> list[dict]:
    """Return all that is stored of comments."""
    return list(Comment.objects.order_by("id").values())


def test_a_thread_is_stored_as_it_was_served(server, thread, post_id):
    collected = collect_post(post_id)
    assert collected.as_dict() | {"title": ""} == {
        "status": "success",
        "post_id": post_id,
        "title": "",
        "total_kids": 40,
        "comments_saved": 40,
        "comments_skipped": 0,
        "comments_updated": 0,
        "failed": [],
        "refused": [],
        "deleted": False,
        "missing": [],
    }
    post = Post.objects.get(pk=post_id)
    assert (post.title, post.author, post.kids) == (thread[0]["title"], thread[0]["by"], thread[0]["kids"])
    assert post.collected_at is not None
    for item in thread[1:]:
        comment = Comment.objects.get(pk=item["id"])
        assert comment.post_id == post_id
        assert comment.text == item.get("text", "")
        assert comment.author == item.get("by", "")
        assert comment.deleted == item.get("deleted", False)
        assert comment.dead == item.get("dead", False)
        readable = bool(comment.text) and not comment.deleted and not comment.dead
        assert comment.status == ("pending" if readable else "skipped")


def test_a_second_collection_of_an_unchanged_thread_changes_nothing(server, post_id):
    collect_post(post_id)
    before = rows()
    again = collect_post(post_id)
    assert (again.comments_saved, again.comments_updated, again.comments_skipped) == (0, 0, 40)
    assert rows() == before


def test_only_as_many_comments_as_asked_for_are_requested(server, thread, post_id):
    collected = collect_post(post_id, limit_comments=7)
    assert (collected.comments_saved, collected.total_kids) == (7, 40)
    assert set(Comment.objects.values_list("id", flat=True)) == set(thread[0]["kids"][:7])
    assert len(server.requests) == 8


def test_requests_run_over_kept_connections_and_no_more_than_allowed(server, post_id, settings):
    settings.HN_CONCURRENCY = 4
    collect_post(post_id)
    assert server.connections <= 4


def test_an_edit_sets_a_comment_back_to_pending_but_white_space_does_not(server, post_id):
    collect_post(post_id)
    first, second = Comment.objects.filter(status="pending")[:2]
    Comment.objects.filter(pk__in=(first.pk, second.pk)).update(status="processed", attempts=1)
    server.items[first.pk]["text"] = "Something else"
    server.items[second.pk]["text"] = "  " + second.text.replace(" ", "  ")
    assert collect_post(post_id).comments_updated == 2
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, first.attempts, first.text) == ("pending", 0, "Something else")
    assert second.status == "processed"


def test_a_copy_in_other_markup_is_no_edit_of_the_text(server, post_id):
    collect_post(post_id)
    comment = Comment.objects.filter(status="pending").first()
    stored = "It&#x27;s <i>a</i> loom.<p>Two&#x2F;day"
    Comment.objects.filter(pk=comment.pk).update(status="processed", text=stored)
    server.items[comment.pk]["text"] = "<p>It's a loom.</p>\n<p>Two/day</p>"
    assert collect_post(post_id).comments_updated == 0
    comment.refresh_from_db()
    assert (comment.status, comment.text) == ("processed", stored)


def test_an_edit_ends_the_claim_of_whoever_reads_the_old_text(server, post_id):
    collect_post(post_id)
    comment = Comment.objects.filter(status="pending").first()
    assert comment.claim("task")
    server.items[comment.pk]["text"] = "Something else"
    collect_post(post_id)
    assert not comment.release("processed")
    assert Comment.objects.get(pk=comment.pk).status == "pending"


def test_what_a_deleted_comment_said_is_kept(server, post_id):
    collect_post(post_id)
    comment = Comment.objects.filter(status="pending").first()
    item = server.items[comment.pk]
    server.items[comment.pk] = {key: item[key] for key in ("id", "type", "parent", "time")} | {"deleted": True}
    collect_post(post_id)
    after = Comment.objects.get(pk=comment.pk)
    assert (after.deleted, after.text, after.author, after.status) == (True, comment.text, comment.author, "skipped")


def test_a_comment_that_is_vouched_back_is_read_after_all(server, post_id):
    collect_post(post_id)
    comment = Comment.objects.filter(dead=True).exclude(text="").first()
    del server.items[comment.pk]["dead"]
    collect_post(post_id)
    assert Comment.objects.get(pk=comment.pk).status == "pending"


def test_null_is_not_yet_and_is_asked_for_again(server, post_id, thread):
    late = thread[0]["kids"][3]
    item = server.items.pop(late)
    assert collect_post(post_id).comments_skipped == 1
    assert not Comment.objects.filter(pk=late).exists()
    server.items[late] = item
    assert collect_post(post_id).comments_saved == 1


def test_a_few_comments_that_cannot_be_had_are_named_and_come_with_the_next_look(server, post_id, thread):
    broken = thread[0]["kids"][5]
    server.fail(broken, Fault.SERVER_ERROR)
    collected = collect_post(post_id)
    assert collected.failed == [broken]
    assert collected.comments_saved == 39
    server.heal()
    assert collect_post(post_id).comments_saved == 1


def test_what_is_refused_makes_the_result_partial_and_names_what_is_missing(server, post_id, thread):
    refused = thread[0]["kids"][:8]
    server.fail(refused, FORBIDDEN)
    collected = collect_post(post_id).as_dict()
    assert (collected["status"], collected["comments_saved"], collected["failed"]) == ("partial", 32, [])
    assert sorted(collected["refused"]) == sorted(refused)
    [line] = collected["missing"]
    assert "8 comments were refused" in line
    assert "403 Forbidden" in line
    # Nothing was asked for a second time.
    assert len(server.requests) == 1 + 40


def test_a_thread_that_is_refused_is_missing_and_what_is_stored_of_it_stays(server, post_id):
    collect_post(post_id)
    asked = len(server.requests)
    server.fail(post_id, FORBIDDEN)
    collected = collect_post(post_id).as_dict()
    assert (collected["status"], collected["comments_saved"]) == ("partial", 0)
    assert f"Thread {post_id}:" in collected["missing"][0]
    assert collected["title"] == Post.objects.get().title
    assert (len(server.requests) - asked, Comment.objects.count()) == (1, 40)


def test_a_source_that_refuses_many_is_not_asked_for_the_rest(settings):
    thread = generate_thread(600, seed=5)
    with HackerNewsServer(thread) as server:
        settings.HN_API_BASE_URL = server.item_api
        server.fail(lambda path: not server.matches_id(path, thread[0]["id"]), FORBIDDEN)
        collected = collect_post(thread[0]["id"])
        assert (len(collected.refused), collected.comments_saved) == (600, 0)
        assert len(server.requests) < 300


def test_a_hacker_news_that_goes_down_is_left_alone_for_a_while(server, thread, post_id):
    server.fail(lambda path: not server.matches_id(path, post_id), Fault.SERVER_ERROR)
    with pytest.raises(Unavailable, match=r"item API .* failed 10 times in a row") as caught:
        collect_post(post_id)
    assert caught.value.retry_after > 0
    asked = len(server.requests)
    assert asked < 1 + 3 * 40
    server.heal()
    with pytest.raises(NotAsked):
        collect_post(post_id)
    assert len(server.requests) == asked
    circuit_of.cache_clear()  # as after the minute
    assert collect_post(post_id).comments_saved == 40


def test_too_many_that_cannot_be_had_are_a_failure_that_keeps_what_came(server, post_id, thread):
    for kid in thread[0]["kids"][:5]:
        server.fail(kid, Fault.GARBAGE)
    with pytest.raises(CollectionError, match="5 of 40 comments could not be had; 35 are saved"):
        collect_post(post_id)
    assert Comment.objects.count() == 35


@pytest.mark.parametrize(
    "fault",
    [
        *(Fault.SERVER_ERROR, Fault.NOT_FOUND, Fault.HTML, Fault.GARBAGE, Fault.EMPTY, Fault.NULL, Fault.TRUNCATED),
        *(Fault.DROPPED, Fault.RESET, Fault.CUT, Fault.too_many_requests(1)),
    ],
)
def test_whatever_goes_wrong_with_the_post_is_one_line_and_nothing_is_saved(server, post_id, fault):
    server.fail(post_id, fault)
    with pytest.raises((OutsideError, NotAThread)) as caught:
        collect_post(post_id)
    assert str(post_id) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (Post.objects.count(), Comment.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (None, "no such item"),
        ({"type": "comment", "by": "x", "time": 1, "text": "x", "parent": 1}, "is a comment, not a story"),
        ({"type": "job", "by": "x", "time": 1, "title": "We hire"}, "is a job, not a story"),
        ({"type": "story", "time": 1, "deleted": True}, "was deleted"),
        ({"type": "story", "by": "x", "time": 0, "title": "What are you working on?"}, "has no usable date"),
    ],
)
def test_an_id_that_is_no_thread_is_named_with_what_it_is(server, item, said):
    if item:
        server.items[77] = {"id": 77, **item}
    with pytest.raises(NotAThread, match=said):
        collect_post(77)
    assert Post.objects.count() == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"post_id": "text"}, "post_id='text' is invalid"),
        ({"post_id": True}, "post_id=True is invalid"),
        ({"post_id": 0}, "post_id=0 is invalid"),
        ({"post_id": 1, "limit_comments": 0}, "limit_comments=0 is invalid"),
        ({"post_id": 1, "limit_comments": -1}, "limit_comments=-1 is invalid"),
        ({"post_id": 1, "limit_comments": 10**20}, "it expects a whole number from 1 to 1000000"),
        ({"post_id": 1, "month": 13}, "month=13 is invalid"),
        ({"post_id": 1, "year": 26}, "year=26 is invalid"),
    ],
)
def test_an_argument_out_of_range_is_named_before_anything_is_asked(server, arguments, said):
    with pytest.raises(ValueError, match=said):
        collect_post(**arguments)
    assert server.requests == []


def test_the_newest_known_threads_are_collected_and_one_that_fails_stops_none(server, thread):
    newest, second = known_threads()[:2]
    server.items[second.id] = thread[0] | {"id": second.id, "kids": []}
    result = collect_posts(limit_posts=2)
    assert result["status"] == "partial"
    assert [post["post_id"] for post in result["posts"]] == [second.id]
    assert result["errors"][0]["post_id"] == newest.id
    post = Post.objects.get()
    assert (post.year, post.month) == (second.year, second.month)


def test_a_month_that_a_person_gave_wins_over_the_file(server, thread, post_id):
    known = known_threads()[0]
    lives = {"id": known.id, "kids": [], "time": int(datetime.now(UTC).timestamp()) - 60}
    server.items[known.id] = thread[0] | lives
    collect_post(known.id, year=2019, month=2)
    (due,) = [due for due in threads_to_collect()[0] if due.post_id == known.id]
    collect_post(**vars(due))
    assert Post.objects.get().month_name == "2019-02"


@pytest.mark.parametrize(
    ("title", "month"),
    [
        ("Ask HN: What are you working on (August 2024)?", (2024, 8)),
        ("Ask HN: What are you working on? (May 2025)", (2025, 5)),
        ("Ask HN: What are you working on?", (2026, 9)),
        ("Ask HN: What were you working on? (January 2001)", (2026, 9)),
        ("Ask HN: May I ask what you are working on in 2025?", (2026, 9)),
    ],
)
def test_the_month_comes_from_the_title_or_else_from_the_date(title, month):
    assert month_of(title, datetime(2026, 9, 13, tzinfo=UTC)) == month


def test_the_sample_thread_is_numbered_apart_and_collected_once(db):
    kids = sample_thread()[0]["kids"]
    assert collect_sample().comments_saved == len(kids) == 40
    assert collect_sample().comments_saved == 0
    post = Post.objects.get()
    assert post.source == "sample"
    assert post.pk >= 10**12
    assert all(pk >= 10**12 for pk in Comment.objects.values_list("pk", flat=True))
    assert Comment.objects.filter(status="pending").count() > 25


@pytest.mark.django_db(transaction=True)
def test_the_command_says_bad_input_in_one_line(tmp_path):
    comment = make_comment()
    thread = generate_thread(3)
    with HackerNewsServer(thread) as server:
        server.items[comment.pk] = {"id": comment.pk, "type": "comment", "by": "x", "time": 1, "text": "x"}
        for arguments, said, codes in (
            (("process_waywo_post", "abc"), "post_id='abc'", (1, 2)),
            (("process_waywo_post", "-4"), "-4", (1, 2)),
            (("process_waywo_post", "99"), "Item 99", (1,)),
            (("process_waywo_post", str(comment.pk)), f"Item {comment.pk} is a comment", (1,)),
            (("process_waywo_posts", "--limit-posts", "0"), "--limit-posts='0'", (1, 2)),
            (("process_waywo_comments", "--limit=-1"), "--limit='-1'", (1, 2)),
            (("process_waywo_comments", "--comment-ids", "5"), "no comment 5", (1,)),
            (("process_waywo_comments", "--wait"), "--wait goes with --queue", (1, 2)),
        ):
            done = command(*arguments, HN_API_BASE_URL=server.item_api)
            assert done.returncode in codes, done
            assert said in done.stderr
            assert "Traceback" not in done.stderr
    assert Post.objects.exclude(pk=comment.post_id).count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_command_ends_with_1_when_a_comment_could_not_be_had():
    thread = generate_thread(30)
    with HackerNewsServer(thread) as server:
        server.fail(thread[0]["kids"][3], Fault.NOT_FOUND)
        done = command("process_waywo_post", str(thread[0]["id"]), "--json", HN_API_BASE_URL=server.item_api)
    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[-1])["status"] == "partial"
    assert f"comment {thread[0]['kids'][3]} could not be had" in done.stderr
    assert Comment.objects.count() == 29
