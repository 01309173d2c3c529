"""Which threads a first start takes, asked of a real HTTP server that speaks both of Hacker News' APIs."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from comments.models import Post
from comments.newest_threads import newest_threads
from comments.sources.known_threads import known_threads
from core.http import OutsideError
from tests.servers.hackernews import Fault, HackerNewsServer

pytestmark = pytest.mark.django_db
THIS_MONTH = datetime.now(UTC) - timedelta(days=3)
LAST_MONTH = THIS_MONTH - timedelta(days=31)
KNOWN = known_threads()


def thread(item_id: int, posted: datetime, **fields) -> dict:
    title = f"Ask HN: What are you working on? ({posted:%B %Y})"
    item = {"id": item_id, "type": "story", "by": "david927", "time": int(posted.timestamp()), "title": title}
    return item | {"score": 5, "kids": [], "descendants": 50} | fields


@pytest.fixture
def hacker_news(settings):
    """Return a Hacker News of the items that are put into it."""
    with HackerNewsServer([]) as server:
        settings.HN_API_BASE_URL, settings.HN_SEARCH_BASE_URL = server.item_api, server.search_api
        yield server


def put(server: HackerNewsServer, *items: dict) -> None:
    server.items.update({item["id"]: item for item in items})


def test_threads_that_nobody_told_waywo_about_come_first(hacker_news):
    put(hacker_news, thread(70000001, THIS_MONTH), thread(70000000, LAST_MONTH), thread(KNOWN[0].id, LAST_MONTH))
    threads, notes = newest_threads(2)
    assert [(one.post_id, one.year, one.month) for one in threads] == [
        (70000001, THIS_MONTH.year, THIS_MONTH.month),
        (70000000, LAST_MONTH.year, LAST_MONTH.month),
    ]
    assert notes == []
    assert set(Post.objects.values_list("pk", flat=True)) == {70000001, 70000000}


def test_known_threads_that_are_not_there_are_passed_over_and_named(hacker_news):
    gone, there = KNOWN[1], KNOWN[2:4]
    put(hacker_news, *[thread(one.id, datetime(one.year, one.month, 2, tzinfo=UTC)) for one in there])
    put(hacker_news, thread(gone.id, datetime(gone.year, gone.month, 2, tzinfo=UTC), deleted=True))
    threads, notes = newest_threads(2)
    assert [one.post_id for one in threads] == [one.id for one in there]
    first, second = (f"{one.id} ({one.year}-{one.month:02})" for one in KNOWN[:2])
    assert notes == [f"Hacker News has no thread {first}, {second}."]


def test_a_search_that_is_away_leaves_what_is_known(hacker_news):
    put(hacker_news, thread(70000001, THIS_MONTH), *[thread(one.id, LAST_MONTH) for one in KNOWN[:2]])
    hacker_news.fail(re.compile("/api/v1/"), Fault.answer(404, b"gone"))
    threads, notes = newest_threads(2)
    assert [one.post_id for one in threads] == [one.id for one in KNOWN[:2]]
    assert len(notes) == 1
    assert notes[0].startswith("The search for newer threads does not answer (")


def test_a_hacker_news_that_has_none_of_them_gives_none_and_says_so(hacker_news):
    threads, notes = newest_threads(2)
    assert threads == []
    assert f"and {len(KNOWN) - 3} more" in notes[0]


def test_a_hacker_news_that_is_away_is_an_error(settings):
    settings.HN_API_BASE_URL = settings.HN_SEARCH_BASE_URL = "http://127.0.0.1:9/v0"
    with pytest.raises(OutsideError):
        newest_threads(2)
