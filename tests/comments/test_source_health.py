"""How sources answer is counted by endpoint and hour, whoever asks, and summed up over a day and a week."""

import json
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from comments.adding import add_post
from comments.collecting import collect_post, collect_posts
from comments.discovery import discover_posts
from comments.models import SourceHour
from comments.source_health import rate_of, source_health, write_down
from comments.sources.tally import tally
from core.http import OutsideError
from tests.servers.hackernews import Fault, HackerNewsServer
from tests.servers.lobsters import LobstersServer, story
from tests.servers.processes import command
from tests.servers.threads import generate_thread
from waywo_site.operations.health.parts import sources

pytestmark = pytest.mark.django_db
THREAD = generate_thread(30, seed=3)
POST_ID = THREAD[0]["id"]


@pytest.fixture
def server(settings):
    tally.take()  # what a test that asked without writing left
    with HackerNewsServer(THREAD) as server:
        settings.HN_API_BASE_URL, settings.HN_SEARCH_BASE_URL = server.item_api, server.search_api
        yield server


def counted() -> dict[str, tuple[int, int]]:
    """Return how many requests were asked of each endpoint, and how many failed."""
    return {row.endpoint: (row.day.asked, row.day.failed) for row in source_health()}


def test_every_request_is_counted_by_its_endpoint_with_its_delay(server):
    collect_post(POST_ID)
    discover_posts()
    add_post(str(POST_ID))
    asked = len(server.requests)
    assert sum(all_of for all_of, _ in counted().values()) == asked
    assert counted()["Algolia"][0] == sum(path.startswith("/api/") for path in server.requests)
    items = next(row for row in source_health() if row.endpoint == "item API")
    assert items.day.success == 1
    assert 0 < items.day.mean_seconds <= items.day.slowest_seconds
    assert items.last_error == ""
    assert timezone.now() - items.last_answer_at < timedelta(minutes=5)


def test_each_try_that_fails_counts_and_the_last_error_is_kept(server):
    server.fail(POST_ID, Fault.SERVER_ERROR)
    with pytest.raises(OutsideError):
        collect_post(POST_ID)
    [items] = source_health()
    assert (items.source, items.endpoint) == ("hn", "item API")
    assert (items.day.asked, items.day.failed, items.day.success) == (3, 3, 0)
    assert items.day.mean_seconds is None
    assert f"/item/{POST_ID}.json: answered 500" in items.last_error
    assert items.last_answer_at is None


def test_sources_stand_apart(settings):
    tally.take()
    with LobstersServer([story("abc123", "What are you doing this week?", 3)]) as lobsters:
        settings.LOBSTERS_BASE_URL = lobsters.url
        collect_posts(source="lobsters")
        assert [(row.source, row.endpoint, row.day.asked) for row in source_health()] == [("lobsters", "Lobsters", 2)]


@pytest.mark.django_db(transaction=True)
def test_processes_that_write_at_the_same_moment_lose_nothing():
    tally.take()
    begin = threading.Barrier(4, timeout=60)

    def work() -> None:
        begin.wait()
        for _ in range(25):
            tally.note("hn", "item API", 0.5)
            write_down()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rate_of(list(SourceHour.objects.all())).asked == 100


def hour(back: float, asked: int, failed: int, **fields) -> SourceHour:
    """Save what one hour, so many hours ago, came to."""
    moment = timezone.now() - timedelta(hours=back)
    known = {"source": "hn", "endpoint": "item API", "hour": moment, "asked": asked, "failed": failed}
    return SourceHour.objects.create(**known | {"seconds": 0.2 * (asked - failed), "slowest": 1.5} | fields)


def test_a_day_and_a_week_are_summed_up_and_what_is_older_is_left_out():
    hour(1.5, 10, 5, last_error="down", last_error_at=timezone.now())
    hour(20, 90, 0)
    hour(100, 100, 5, last_error="older", last_error_at=timezone.now() - timedelta(hours=100))
    hour(24 * 8, 1000, 1000)
    [items] = source_health()
    assert (items.now.asked, items.day.asked, items.week.asked) == (10, 100, 200)
    assert (items.day.success, items.week.success) == (0.95, 0.95)
    assert items.week.mean_seconds == pytest.approx(0.2)
    assert (items.week.slowest_seconds, items.last_error) == (1.5, "down")


@pytest.mark.parametrize(
    ("asked", "failed", "state"), [(100, 0, "ok"), (100, 11, "degraded"), (100, 51, "failed"), (5, 5, "ok")]
)
def test_health_says_that_a_source_does_not_answer(asked, failed, state):
    hour(0.5, asked, failed, last_error="https://hn.example: answered 403 Forbidden.", last_error_at=timezone.now())
    hour(30, 1000, 1000)
    found = sources()
    assert found.state == state
    assert ("answered 403 Forbidden" in found.reason) == (state != "ok")


@pytest.mark.django_db(transaction=True)
def test_the_command_shows_it():
    assert "No source was asked" in command("sources").stdout
    hour(0.5, 20, 1, last_error="answered 500", last_error_at=timezone.now())
    shown = command("sources").stdout
    assert "95.0% of 20 answered, 0.20 s (slowest 1.5)" in shown
    assert "answered 500" in shown
    [row] = json.loads(command("sources", "--json").stdout.splitlines()[-1])["sources"]
    assert (row["endpoint"], row["week"]["asked"]) == ("item API", 20)
