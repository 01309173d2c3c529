"""Pages through the database, from a real web server on loopback."""

import asyncio
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import timedelta
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.utils import timezone

from core import event_loop
from projects.models import HostTurn, Page
from projects.pages import host_turns
from projects.pages.host_turns import HostTurns
from projects.pages.page_text import PageText
from projects.pages.reader import PageReader
from tests.servers.pages import Answer, PageServer, page
from tests.servers.processes import ROOT, environment
from tests.waiting import wait_until

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


@pytest.mark.django_db(transaction=True)
def test_a_failure_erases_nothing_that_a_page_said_before(server, allowed):
    [first] = read(server, "/")
    good = server.pages["/"]
    server.pages["/"] = Answer(b"<title>We are down</title>", 503, {})
    Page.objects.update(fetched_at=timezone.now() - timedelta(days=31))
    assert read(server, "/") == [first]
    kept = Page.objects.get()
    assert (kept.status, kept.failures, kept.title, kept.text) == (503, 1, "Foo", first.text)
    assert "503" in kept.error
    assert timezone.now() - kept.fetched_at < timedelta(days=1)
    assert read(server, "/") == [first]  # from the database alone
    server.pages["/"] = good
    Page.objects.update(fetched_at=timezone.now() - timedelta(days=2))
    HostTurn.objects.update(free_at=timezone.now() + timedelta(hours=1))
    assert read(server, "/") == [first]  # its host gives no turn
    HostTurn.objects.all().delete()
    assert read(server, "/") == [first]
    kept.refresh_from_db()
    assert (kept.status, kept.failures, kept.error) == (200, 0, "")


def test_nothing_is_fetched_when_pages_are_off(server, allowed, settings):
    settings.FETCH_PAGES = False
    assert read(server, "/") == []
    assert server.paths() == []


def test_this_machine_is_out_of_reach_in_production(server, settings):
    settings.FETCH_PAGES = True
    [text] = read(server, "/")
    assert "not a public address" in text.error or "not the usual one" in text.error
    assert server.paths() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.process
def test_a_host_is_asked_once_at_a_time_and_a_second_apart_whoever_asks(server, allowed):
    server.pages = {f"/{number}": page(f"<title>{number}</title>") for number in range(4)}
    code = (
        "import sys, django; django.setup()\n"
        "from django.conf import settings; settings.FETCH_PAGES = True\n"
        "settings.PAGES_ALLOWED_TEST_NETWORKS = ('127.0.0.0/8',)\n"
        "from core import event_loop; from projects.pages.reader import PageReader\n"
        "print([text.title for text in event_loop.run(PageReader([]).read(sys.argv[1:]))])"
    )
    asked = [[server.url + "/0", server.url + "/1"], [server.url + "/2", server.url + "/3"]]
    variables = environment(DJANGO_SETTINGS_MODULE="waywo_site.settings")
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", code, *urls], cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True
        )
        for urls in asked
    ]
    assert [reader.communicate(timeout=90)[0].strip() for reader in readers] == ["['0', '1']", "['2', '3']"]
    times = [moment for moment, path in server.times if path != "/robots.txt"]
    assert len(times) == 4
    assert min(later - earlier for earlier, later in pairwise(times)) >= 1.0


@pytest.mark.django_db(transaction=True)
def test_a_host_that_asks_for_a_pause_is_left_alone(server, allowed):
    server.pages = {"/": Answer(b"", 429, {"Retry-After": "3600"}), "/other": page("<title>Other</title>")}
    [busy] = read(server, "/")
    [refused] = read(server, "/other")
    assert "429" in busy.error
    assert "asked to be left alone" in refused.error
    assert server.paths() == ["/"]
    # It was not asked, so nothing is known of it.
    assert list(Page.objects.values_list("status", flat=True)) == [429]


def test_every_failure_in_a_row_doubles_the_pause_up_to_30_days(server, allowed):
    url = server.url + "/missing"
    for failures, too_early, days in ((0, 0, 0), (1, 0.9, 1.1), (2, 1.9, 2.1), (3, 3.9, 4.1), (9, 29.9, 30.1)):
        if failures:
            for age, asked in ((too_early, 0), (days, 1)):
                Page.objects.filter(url=url).update(fetched_at=timezone.now() - timedelta(days=age), failures=failures)
                before = len(server.paths())
                read(server, "/missing")
                assert len(server.paths()) - before == asked, (failures, age)
        else:
            read(server, "/missing")
        assert Page.objects.get(url=url).failures == failures + 1
    server.pages["/missing"] = page("<title>There</title>")
    Page.objects.update(fetched_at=timezone.now() - timedelta(days=31))
    read(server, "/missing")
    assert Page.objects.get(url=url).failures == 0


@pytest.mark.django_db(transaction=True)
def test_a_redirect_to_another_host_takes_that_hosts_turn(server, allowed):
    with PageServer(
        {"/": page("<title>Elsewhere</title>"), "/busy": Answer(b"", 503, {"Retry-After": "600"})}
    ) as other:
        server.pages["/away"] = Answer(b"", 302, {"Location": other.url + "/"})
        [text] = read(server, "/away")
        assert (text.title, text.final_url, text.error) == ("Elsewhere", other.url + "/", "")
        hosts = {urlsplit(one.url).netloc for one in (server, other)}
        assert set(HostTurn.objects.values_list("host", flat=True)) == hosts
        read(other, "/busy")
        asked = len(other.paths())
        server.pages["/again"] = Answer(b"", 302, {"Location": other.url + "/"})
        [refused] = read(server, "/again")
        assert "asked to be left alone" in refused.error
        assert len(other.paths()) == asked
        assert not Page.objects.filter(url=server.url + "/again").exists()


def test_redirects_between_hosts_end_after_five(server, allowed, settings):
    with PageServer({}) as other:
        server.pages["/loop"] = Answer(b"", 302, {"Location": other.url + "/loop"})
        other.pages["/loop"] = Answer(b"", 302, {"Location": server.url + "/loop"})
        [text] = read(server, "/loop")
        assert text.error == "more than 5 redirects"
        assert len(server.paths()) + len(other.paths()) == 6


def test_ten_pages_of_a_comment_are_fetched_at_once_and_no_more(allowed):
    """Each may be 2 MB, and a comment may name a hundred hosts."""
    with ExitStack() as running:
        slow = page("<title>Slow</title>")
        slow.delay = 1.0
        servers = [running.enter_context(PageServer({"/": slow})) for _ in range(12)]
        reader = PageReader([])
        texts = event_loop.run(reader.read([server.url + "/" for server in servers]))
    assert [text.title for text in texts] == ["Slow"] * 12
    asked = sorted(at for server in servers for at, path in server.times if path == "/")
    assert asked[10] - asked[0] >= 1.0


def sessions() -> int:
    """Return how many others are connected to this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_a_reading_holds_one_connection_for_its_turns_and_closes_it(server, allowed):
    server.pages = {f"/{number}": page(f"<title>{number}</title>") for number in range(3)}
    before, seen = sessions(), []
    urls = [f"{server.url}/{number}" for number in range(3)]

    async def read_and_count() -> list[PageText]:
        reading = asyncio.create_task(PageReader([]).read(urls))
        while not reading.done():
            seen.append(await asyncio.to_thread(counted))
            await asyncio.sleep(0.1)
        return await reading

    def counted() -> int:
        try:
            return sessions() - 1  # this thread's own
        finally:
            connection.close()

    texts = event_loop.run(read_and_count())
    assert [text.title for text in texts] == ["0", "1", "2"]
    assert max(seen) == before + 1
    wait_until(lambda: sessions() == before, "the connection is closed")


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_breaks_is_made_again_and_a_database_that_is_away_costs_the_page_alone(
    server, allowed, monkeypatch
):
    turns = HostTurns()

    async def take_twice() -> None:
        async with turns.at("a.example"):
            await asyncio.to_thread(end_the_others)
        async with turns.at("b.example"):
            pass
        await turns.close()

    def end_the_others() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%projects_hostturn%' "
                "AND pid <> pg_backend_pid() AND datname = current_database()"
            )
        connection.close()

    event_loop.run(take_twice())
    monkeypatch.setattr(host_turns, "LONGEST_WAIT", 0.5)
    reader = PageReader([server.url + "/"])
    reader._turns.locks._parameters = lambda: {"host": "127.0.0.1", "port": 9}
    [text] = event_loop.run(reader.read([server.url + "/"]))
    assert "the database gave no 'host" in text.error
    reader.keep()
    assert not Page.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_process_that_dies_in_its_turn_gives_it_back_at_once():
    async def take_over() -> float:
        dying, other = HostTurns(), HostTurns()
        async with dying.at("a.example"):
            # As the database sees it when a process is killed.
            await dying.locks._own.close()
            began = time.monotonic()
            async with other.at("a.example"):
                waited = time.monotonic() - began
        await asyncio.gather(dying.close(), other.close())
        return waited

    assert event_loop.run(take_over()) < 5


def test_a_run_waits_so_long_for_its_pages_and_no_longer(server, allowed, settings):
    settings.PAGES_SECONDS = 2
    server.pages = {f"/{number}": page(f"<title>{number}</title>") for number in range(9)}
    reader = PageReader([])
    began = time.monotonic()
    texts = event_loop.run(reader.read([f"{server.url}/{number}" for number in range(9)]))
    texts += event_loop.run(reader.read([server.url + "/more"]))
    assert time.monotonic() - began < 8  # all of them, a second apart, take 10
    assert texts[0].title == "0"
    assert "not there in the time" in texts[-1].error
    reader.keep()
    # Of what was not there nothing is known.
    assert not Page.objects.exclude(error="").exists()


@pytest.mark.django_db(transaction=True)
def test_what_stands_in_place_of_a_page_erases_nothing_and_is_no_summary(server, allowed):
    [first] = read(server, "/")
    server.pages["/"] = page("<title>Just a moment...</title><p>Checking your browser before you go on.</p>")
    Page.objects.update(fetched_at=timezone.now() - timedelta(days=31))
    assert read(server, "/") == [first]
    assert (Page.objects.get().title, Page.objects.get().failures) == ("Foo", 1)


def test_a_page_that_was_stored_before_is_read_with_the_same_care(server, allowed):
    said = "You need to enable JavaScript to run this app."
    for title, kept in (("React App", ""), ("Foo", "Foo")):
        Page.objects.all().delete()
        Page.objects.create(url=server.url + "/", title=title, text=said, fetched_at=timezone.now())
        [text] = read(server, "/")
        assert (text.title, text.text, bool(text.error)) == (kept, "", not kept)
