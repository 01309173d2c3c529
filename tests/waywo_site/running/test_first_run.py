"""What a start sends before anybody signs in: never an empty index without a word."""

from datetime import UTC, datetime, timedelta

import pytest

from comments.collecting import collect_sample
from comments.models import Comment, Source
from comments.sources.known_threads import known_threads
from core.models import Batch
from projects.analytics.computing import generate_analytics
from projects.models import Drawing, Project
from tests.factories import make_comment, make_embedded, make_post
from tests.servers.hackernews import HackerNewsServer
from tests.servers.threads import generate_thread
from waywo_site.running import first_run
from waywo_site.running.queues import depth

# What is sent waits for a commit, so the tests are no transactions; no worker takes it.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]
NOW = datetime.now(UTC)


def served(settings, server: HackerNewsServer) -> None:
    settings.HN_API_BASE_URL, settings.HN_SEARCH_BASE_URL = server.item_api, server.search_api


def test_the_newest_two_threads_are_collected_and_named(settings):
    months = [(NOW - timedelta(days=days)).replace(hour=0) for days in (2, 33)]
    items = [
        item
        for number, posted in enumerate(months)
        for item in generate_thread(12, post_id=70_000_000 - 1000 * number, posted_at=posted)
    ]
    with HackerNewsServer(items) as server:
        served(settings, server)
        line = first_run.start_main_job()
    newest, older = (f"{posted:%Y-%m}" for posted in months)
    assert line == (
        f"Collecting and reading the newest thread, {newest} (item 70000000), then {older} (item 69999000)."
    )
    assert depth("collection") == 1


def test_a_hacker_news_that_lacks_every_thread_gives_the_sample_and_says_so(settings):
    with HackerNewsServer([]) as server:
        served(settings, server)
        line = first_run.start_main_job()
    assert line.startswith("Hacker News answers, but no thread was found. Hacker News has no thread ")
    assert "reading the sample thread instead" in line
    assert Comment.objects.filter(post__source=Source.SAMPLE).count() > 30
    assert depth("extraction") == Comment.objects.due_for_reading().count()


def test_a_start_after_the_sample_tries_hacker_news_again_until_a_thread_is_there(settings):
    settings.HN_API_BASE_URL = settings.HN_SEARCH_BASE_URL = "http://127.0.0.1:9"
    collect_sample()
    assert first_run.start_main_job().startswith("Hacker News cannot be reached (")
    batches = Batch.objects.count()
    Comment.objects.update(status=Comment.Status.PROCESSED)
    first_run.start_main_job()
    assert Batch.objects.count() == batches  # none of no comments
    make_comment(post=make_post(collected_at=NOW))
    Comment.objects.update(status=Comment.Status.PROCESSED)
    assert first_run.start_main_job() == "Everything collected is read."


def test_a_known_thread_that_is_not_there_is_passed_over(settings):
    known = known_threads()
    with HackerNewsServer(generate_thread(3, post_id=known[1].id)) as server:
        served(settings, server)
        line = first_run.start_main_job()
    assert f"the newest thread, {known[1].year}-{known[1].month:02} (item {known[1].id})." in line
    assert f"Hacker News has no thread {known[0].id}" in line


def test_the_figures_of_the_months_are_computed_once_where_there_are_none():
    make_comment()
    first_run.compute_first_figures()
    assert depth("operations") == 1
    generate_analytics()
    first_run.compute_first_figures()
    assert depth("operations") == 1


def test_the_map_is_drawn_where_there_is_none_and_again_when_the_index_has_grown():
    first_run.draw_first_map()
    assert depth("operations") == 0
    make_embedded(4)
    first_run.draw_first_map()
    assert depth("operations") == 1
    Drawing.objects.create(drawn_at=NOW, projects=4, clusters=0, seconds=1, method="by hand")
    make_embedded(1)
    of_another_model = make_embedded(3)
    Project.objects.filter(pk__in=[each.pk for each in of_another_model]).update(embedding_model="another")
    first_run.draw_first_map()
    assert depth("operations") == 1
    make_embedded(3)
    first_run.draw_first_map()
    assert depth("operations") == 2
