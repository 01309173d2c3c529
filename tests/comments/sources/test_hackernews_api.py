"""The client of the item API: what an item may be, which errors pass, and many items at once."""

import asyncio
import contextlib
import json
import socket
import socketserver
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from comments.sources.hackernews_api import HackerNews
from comments.sources.items import Item
from core.http import InvalidAnswer, OutsideError, Refused, Unavailable

COMMENT = {
    "id": 8, "type": "comment", "by": "pg", "time": 1_724_603_328, "text": "I&#x27;m on it", "parent": 1,
    "kids": [10, 9],
}  # fmt: skip


class Server:
    """A Hacker News of one test: ``answer(item_id, how often it was asked)`` gives status, headers, body.

    It speaks HTTP by hand to be able to say what no library would; None as body drops the connection.
    """

    def __init__(self, answer, latency: float = 0.0) -> None:
        self.asked: Counter[int] = Counter()
        self.connections = 0
        self.at_once = self.most_at_once = 0
        lock = threading.Lock()
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def setup(self) -> None:
                # Else a second packet waits until the first is confirmed.
                self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                super().setup()

            def handle(self) -> None:
                with lock:
                    server.connections += 1
                while line := self.rfile.readline():
                    while self.rfile.readline() not in (b"\r\n", b""):
                        pass
                    item_id = int(line.split()[1].rsplit(b"/", 1)[1].removesuffix(b".json"))
                    with lock:
                        server.asked[item_id] += 1
                        tries = server.asked[item_id]
                        server.at_once += 1
                        server.most_at_once = max(server.most_at_once, server.at_once)
                    server.stopping.wait(latency)
                    with lock:
                        server.at_once -= 1
                    if not self.reply(*answer(item_id, tries)):
                        return

            def reply(self, status: int, headers: dict, body: bytes | None) -> bool:
                if body is None:
                    return False
                headers = {"Content-Length": str(len(body)), **headers}
                lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                try:
                    self.wfile.write(f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode() + body)
                except OSError:
                    return False
                # What promised more than it said ends the connection.
                return int(headers["Content-Length"]) == len(body)

        self.stopping = threading.Event()
        socketserver.ThreadingTCPServer.request_queue_size = 128
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v0"

    def __enter__(self) -> "Server":
        serve = self._server.serve_forever
        threading.Thread(target=serve, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.socket.close()


def item_answer(item_id: int, _tries: int = 1) -> tuple[int, dict, bytes]:
    return 200, {}, json.dumps(COMMENT | {"id": item_id}).encode()


def always(status: int, body: bytes | None = b"", **headers: str):
    return lambda *_: (status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def ask(server: Server, item_id: int = 8, **options):
    async def once():
        async with HackerNews(server.url, **{"backoff": 0.001, **options}) as source:
            return await source.item(item_id)

    return asyncio.run(once())


def ask_all(server: Server, ids, **options) -> dict:
    async def all_of_them() -> dict:
        async with HackerNews(server.url, **{"backoff": 0.001, **options}) as source:
            return {item_id: answer async for item_id, answer in source.items(ids)}

    return asyncio.run(all_of_them())


# -- Item ----------------------------------------------------------------------------------------------------


def test_a_comment_is_read_with_its_text_as_served():
    assert Item.parse(COMMENT, 8) == Item(
        id=8,
        type="comment",
        author="pg",
        posted_at=datetime(2024, 8, 25, 16, 28, 48, tzinfo=UTC),
        title="",
        text="I&#x27;m on it",
        url="",
        score=None,
        descendants=None,
        kids=(10, 9),
        parent=1,
        dead=False,
        deleted=False,
    )


def test_a_deleted_item_is_kept_as_deleted():
    item = Item.parse({"id": 8, "type": "comment", "deleted": True, "time": 5, "parent": 1}, 8)
    assert item.deleted
    assert (item.author, item.text, item.kids) == ("", "", ())


def test_a_dead_story_with_odd_counts_is_read():
    story = {"id": 8, "type": "story", "title": "T", "score": -3, "descendants": -1, "dead": True, "url": None}
    item = Item.parse(story, 8)
    assert (item.score, item.descendants, item.dead, item.url, item.posted_at) == (-3, -1, True, "", None)


def test_what_postgresql_refuses_is_taken_out_of_texts():
    item = Item.parse(COMMENT | {"text": "a\0b\ud800c\ud83d\ude00", "by": "p\0g"}, 8)
    assert (item.text, item.author) == ("ab\ufffdc😀", "pg")
    item.text.encode()


def test_kids_named_twice_are_one():
    assert Item.parse(COMMENT | {"kids": [3, 2, 3]}, 8).kids == (3, 2)


@pytest.mark.parametrize("data", [[], "text", 8, 1.5, True, {}])
def test_what_is_no_item_is_refused(data):
    with pytest.raises(InvalidAnswer, match="Item 8"):
        Item.parse(data, 8)


@pytest.mark.parametrize(
    "fields",
    [
        {"id": 9},
        {"id": "8"},
        {"id": True},
        {"id": None},
        {"type": None},
        {"type": ""},
        {"type": 3},
        {"by": ["pg"]},
        {"by": "x" * 6000},
        {"time": "yesterday"},
        {"time": 1.5},
        {"time": True},
        {"time": -1},
        {"time": 10**15},
        {"text": 5},
        {"text": "x" * 1_000_001},
        {"title": {}},
        {"url": "h" * 6000},
        {"score": "many"},
        {"score": 2**31},
        {"descendants": 2**40},
        {"kids": "9"},
        {"kids": {"a": 1}},
        {"kids": ["9"]},
        {"kids": [9, None]},
        {"kids": [True]},
        {"kids": [-1]},
        {"kids": [2**63]},
        {"parent": "1"},
        {"parent": 0},
        {"dead": "yes"},
        {"deleted": 1},
    ],
    ids=lambda fields: str(fields)[:40],
)
def test_a_field_of_the_wrong_kind_is_refused_and_named(fields):
    with pytest.raises(InvalidAnswer) as caught:
        Item.parse(COMMENT | fields, 8)
    assert f"'{next(iter(fields))}'" in str(caught.value)
    assert caught.value.permanent
    assert len(str(caught.value)) < 250
    assert "\n" not in str(caught.value)


# -- One item ------------------------------------------------------------------------------------------------


def test_null_is_none():
    with Server(always(200, b"null")) as server:
        assert ask(server) is None
    assert server.asked == {8: 1}


def test_an_item_is_asked_for_by_its_address():
    with Server(item_answer) as server:
        assert ask(server, 77).id == 77


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (always(500), "answered 500"),
        (always(502, b"<html>bad gateway</html>"), "answered 502"),
        (always(429), "answered 429"),
        (always(408), "answered 408"),
        (always(200, b""), "answered nothing"),
        (always(200, b"  \n"), "answered nothing"),
        (always(200, b"<html>\nmaintenance</html>"), "no JSON but"),
        (always(200, b'{"id": 8, "type": "comm'), "no JSON but"),
        (always(200, b"\xff\xfe\x00"), "no JSON but"),
        (always(200, b"[" * 100_000), "no JSON but"),
        (always(200, b"9" * 10_000), "no JSON but"),
        (always(200, b'{"id": 8', Content_Length="500"), "received 8 of 500 bytes"),
        (always(200, b"not gzip", Content_Encoding="gzip"), "Can not decode"),
    ],
)
def test_what_may_pass_is_tried_again_and_then_unavailable(answer, said):
    with Server(answer) as server, pytest.raises(Unavailable) as caught:
        ask(server, attempts=3)
    assert server.asked == {8: 3}
    assert not caught.value.permanent
    assert said in str(caught.value)
    assert f"{server.url}/item/8.json" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_what_cannot_pass_is_refused_at_once(status):
    with Server(always(status)) as server, pytest.raises(Refused, match=f"answered {status}") as caught:
        ask(server)
    assert server.asked == {8: 1}
    assert caught.value.permanent


def test_a_redirect_is_refused_and_names_where_it_points():
    pointing = r"elsewhere\.example.*HN_API_BASE_URL"
    with Server(always(301, Location="https://elsewhere.example/")) as server, pytest.raises(Refused, match=pointing):
        ask(server)
    assert server.asked == {8: 1}


def test_another_item_than_asked_for_is_invalid():
    with Server(lambda *_: item_answer(9)) as server, pytest.raises(InvalidAnswer, match="'id' is 8, got 9"):
        ask(server)


def test_an_endless_answer_is_cut_off():
    with Server(always(200, b" " * 9_000_000)) as server, pytest.raises(InvalidAnswer, match="more than 8,000,000"):
        ask(server, attempts=1)


def test_a_failure_that_passes_is_not_seen():
    with Server(lambda item_id, tries: item_answer(item_id) if tries == 3 else (503, {}, b"")) as server:
        assert ask(server, attempts=3).id == 8


def test_a_dropped_connection_is_tried_again_and_then_unavailable():
    with Server(always(200, None)) as server, pytest.raises(Unavailable, match="disconnected"):
        ask(server, attempts=3)
    # aiohttp asks once more at once by itself: a connection that was kept may have been closed just then.
    assert server.asked == {8: 6}


def test_nobody_listening_is_unavailable():
    with Server(item_answer) as server:
        pass
    with pytest.raises(Unavailable, match="Cannot connect to host"):
        ask(server, attempts=2)


def test_silence_is_unavailable_after_the_deadline(monkeypatch):
    monkeypatch.setattr("comments.sources.json_client.REQUEST_DEADLINE", 0.2)
    with Server(item_answer, latency=5) as server, pytest.raises(Unavailable, match=r"within 0\.2 s"):
        ask(server, attempts=1)


def test_the_pause_asked_for_is_kept():
    with Server(lambda i, tries: item_answer(i) if tries > 1 else (429, {"Retry-After": "0.4"}, b"")) as server:
        started = time.monotonic()
        assert ask(server).id == 8
    assert time.monotonic() - started >= 0.4


def test_a_long_pause_is_left_to_the_caller():
    with Server(always(429, Retry_After="120")) as server, pytest.raises(Unavailable) as caught:
        ask(server)
    assert caught.value.retry_after == 120
    assert server.asked == {8: 1}


def test_a_pause_until_a_date_is_understood():
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
    with Server(always(503, Retry_After=date)) as server, pytest.raises(Unavailable) as caught:
        ask(server)
    assert 290 < caught.value.retry_after <= 300


@pytest.mark.parametrize("value", ["soon", "-5", "", "1e9", "nan", "Mon, 99 Foo 2024 00:00:00 GMT"])
def test_a_pause_that_cannot_be_read_is_none(value):
    with Server(always(503, Retry_After=value)) as server, pytest.raises(Unavailable) as caught:
        ask(server, attempts=2)
    assert caught.value.retry_after is None
    assert server.asked == {8: 2}


# -- Many items ----------------------------------------------------------------------------------------------


def test_every_id_gets_an_answer_over_kept_connections():
    with Server(item_answer, latency=0.1) as server:
        answers = ask_all(server, range(1, 101), concurrency=10)
    assert {item_id: answer.id for item_id, answer in answers.items()} == {i: i for i in range(1, 101)}
    assert max(server.asked.values()) == 1
    assert server.connections <= 10
    assert server.most_at_once == 10


def test_one_bad_item_spoils_no_other():
    answers = {2: (404, {}, b""), 3: (200, {}, b"null"), 4: (200, {}, b'{"id": 4}'), 5: (500, {}, b"")}
    with Server(lambda item_id, _: answers.get(item_id) or item_answer(item_id)) as server:
        got = ask_all(server, [1, 2, 3, 4, 5, 6], attempts=2)
    kinds = {item_id: type(answer) for item_id, answer in got.items()}
    assert kinds == {1: Item, 2: Refused, 3: type(None), 4: InvalidAnswer, 5: Unavailable, 6: Item}


def test_a_fifth_of_failing_answers_loses_nothing():
    def flaky(item_id: int, tries: int):
        failures = [(500, {}, b""), (200, {}, b"{"), (200, {}, None), (200, {}, b"")]
        return failures[item_id % 4] if item_id % 5 == 0 and tries == 1 else item_answer(item_id)

    with Server(flaky) as server:
        answers = ask_all(server, range(1, 201))
    assert all(isinstance(answer, Item) for answer in answers.values())
    assert server.asked.total() == 200 + 40


def test_no_ids_are_no_requests():
    with Server(item_answer) as server:
        assert ask_all(server, []) == {}
    assert server.connections == 0


def test_closing_the_iterator_ends_the_requests():
    async def take_two(server: Server) -> int:
        async with HackerNews(server.url, concurrency=4) as source:
            answers = source.items(range(1, 5001))
            await anext(answers)
            await anext(answers)
            await answers.aclose()
            return len(asyncio.all_tasks())

    with Server(item_answer, latency=0.002) as server:
        assert asyncio.run(take_two(server)) == 1
        asked = server.asked.total()
    assert asked < 30


def test_a_slow_reader_holds_the_requests_back():
    async def look(server: Server) -> int:
        async with HackerNews(server.url, concurrency=4) as source:
            answers = source.items(range(1, 5001))
            await anext(answers)
            await asyncio.sleep(0.3)
            asked = server.asked.total()
            await answers.aclose()
            return asked

    with Server(item_answer) as server:
        # Four wait in the queue, four are with the workers, one was taken.
        assert asyncio.run(look(server)) <= 10


def test_cancelling_the_reader_ends_the_requests():
    async def cancelled(server: Server) -> set:
        async with HackerNews(server.url, concurrency=4) as source:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    async for _ in source.items(range(1, 5001)):
                        pass
            return asyncio.all_tasks() - {asyncio.current_task()}

    with Server(item_answer, latency=0.05) as server:
        assert asyncio.run(cancelled(server)) == set()


def test_a_mistake_of_the_program_is_raised_and_not_waited_for():
    async def broken(server: Server) -> None:
        async with HackerNews(server.url) as source:
            source._ask = None
            async for _ in source.items([1, 2, 3]):
                pass

    with Server(item_answer) as server, pytest.raises(TypeError):
        asyncio.run(asyncio.wait_for(broken(server), 5))


def test_a_client_that_is_not_open_says_how_to_use_it():
    with pytest.raises(RuntimeError, match="async with"):
        asyncio.run(HackerNews("http://127.0.0.1:1").item(1))


@pytest.mark.parametrize("options", [{"concurrency": 0}, {"attempts": 0}])
def test_numbers_below_one_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        HackerNews("http://127.0.0.1:1", **options)


def test_the_settings_say_where_and_how_many_at_once(settings):
    with Server(item_answer, latency=0.05) as server:
        settings.HN_API_BASE_URL = server.url + "/"
        settings.HN_CONCURRENCY = 3

        async def through_settings() -> list:
            async with HackerNews.from_settings() as source:
                return [answer async for _, answer in source.items(range(1, 31))]

        assert len(asyncio.run(through_settings())) == 30
    assert server.most_at_once == 3


def test_all_its_errors_are_of_one_kind():
    assert all(issubclass(kind, OutsideError) for kind in (Unavailable, Refused, InvalidAnswer))
