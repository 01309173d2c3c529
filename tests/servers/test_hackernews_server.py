"""The server that stands for Hacker News does what it claims: other tests build on it."""

import asyncio
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from comments.sources.items import Item
from comments.text import links, plain_text
from tests.servers.hackernews import Fault, HackerNewsServer
from tests.servers.threads import POST_ID, generate_thread, hn_html, sample_thread
from tests.waiting import wait_until

FIRST = POST_ID + 1


@pytest.fixture
def server() -> Iterator[HackerNewsServer]:
    with HackerNewsServer(generate_thread(30, deleted=0, dead=0)) as running:
        yield running


@pytest.fixture
def client(server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30, trust_env=False) as open_client:
        yield open_client


def item_path(item_id: int) -> str:
    return f"/v0/item/{item_id}.json"


async def ask_for_all(server: HackerNewsServer, ids: list[int], at_once: int = 20) -> list[httpx.Response]:
    limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    async with httpx.AsyncClient(limits=limits, trust_env=False, base_url=server.url) as client:
        return await asyncio.gather(*(client.get(item_path(item_id)) for item_id in ids))


def test_items_are_served_and_an_unknown_one_is_null(server, client):
    story = client.get(item_path(POST_ID))
    assert story.headers["content-type"] == "application/json; charset=utf-8"
    assert len(story.json()["kids"]) == 30
    assert client.get(item_path(FIRST)).json() == server.items[FIRST]
    assert client.get(item_path(1)).text == client.get("/v0/item/text.json").text == "null"
    assert client.get("/v0/nothing").status_code == 404
    assert client.post(item_path(FIRST), json={}).status_code == 405


def test_requests_and_connections_are_counted_and_connections_kept(server, client):
    for item_id in (FIRST, FIRST + 1, FIRST):
        client.get(item_path(item_id), headers={"User-Agent": "a reader"})
    assert server.requests == [item_path(FIRST), item_path(FIRST + 1), item_path(FIRST)]
    assert server.requests[0].headers["user-agent"] == "a reader"
    assert server.requests[0].at <= server.requests[2].at
    assert server.connections == 1


def test_items_changed_while_it_runs_are_seen_at_once(server, client):
    server.items[FIRST]["text"] = "edited"
    server.updated = [FIRST]
    assert client.get(item_path(FIRST)).json()["text"] == "edited"
    assert client.get("/v0/updates.json").json() == {"items": [FIRST], "profiles": []}
    del server.items[FIRST]
    assert client.get(item_path(FIRST)).json() is None
    assert client.get(f"/api/v1/items/{FIRST}").status_code == 404


def test_many_slow_answers_go_out_side_by_side(server):
    server.latency = 0.05
    started = time.monotonic()
    answers = asyncio.run(ask_for_all(server, server.items[POST_ID]["kids"] * 10))
    took = time.monotonic() - started
    assert {answer.status_code for answer in answers} == {200}
    assert len(answers) == 300
    # The least that 300 answers of 50 ms take side by side in 20; one by one they take 15 s.
    assert took > 0.7
    assert server.connections == server.most_at_once == 20


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        (Fault.SERVER_ERROR, 500, b"Internal Server Error"),
        (Fault.NOT_FOUND, 404, b'{"error":"Not Found"}'),
        (Fault.EMPTY, 200, b""),
        (Fault.NULL, 200, b"null"),
        (Fault.answer(503, b"later", X_Why="tired"), 503, b"later"),
    ],
)
def test_a_fault_answers_something_else(server, client, fault, status, body):
    server.fail(None, fault)
    answer = client.get(item_path(FIRST))
    assert (answer.status_code, answer.content) == (status, body)


@pytest.mark.parametrize("fault", [Fault.HTML, Fault.GARBAGE, Fault.TRUNCATED, Fault.EMPTY])
def test_a_fault_answers_200_with_what_is_no_json(server, client, fault):
    server.fail(None, fault)
    answer = client.get(item_path(FIRST))
    assert answer.status_code == 200
    with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
        json.loads(answer.content)


def test_too_many_requests_says_when_to_come_back(server, client):
    server.fail(None, Fault.too_many_requests(retry_after=7), times=1)
    server.fail(None, Fault.too_many_requests(retry_after=None), times=1)
    first, second = client.get(item_path(FIRST)), client.get(item_path(FIRST))
    assert (first.status_code, first.headers["retry-after"]) == (429, "7")
    assert (second.status_code, "retry-after" in second.headers) == (429, False)
    assert client.get(item_path(FIRST)).status_code == 200


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.DROPPED, httpx.RemoteProtocolError),
        (Fault.RESET, httpx.ReadError),
        (Fault.CUT, httpx.RemoteProtocolError),
    ],
)
def test_a_fault_breaks_the_connection_and_the_next_request_is_well(server, client, fault, error):
    server.fail(None, fault, times=1)
    with pytest.raises(error):
        client.get(item_path(FIRST))
    assert client.get(item_path(FIRST)).json()["id"] == FIRST
    assert server.connections == 2


def test_an_answer_that_hangs_goes_out_when_released(server, client):
    server.fail(FIRST, Fault.HANG)
    with pytest.raises(httpx.ReadTimeout):
        client.get(item_path(FIRST), timeout=0.1)
    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.append(client.get(item_path(FIRST))))
    thread.start()
    wait_until(lambda: len(server.requests) == 2, "the second request arrives")
    assert answers == []
    server.heal()
    thread.join(5)
    assert answers[0].json()["id"] == FIRST


def test_a_server_stops_at_once_though_answers_hang():
    with HackerNewsServer(sample_thread()) as server:
        server.fail(None, Fault.HANG)
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{server.item_api}/item/900000001.json", timeout=0.05, trust_env=False)
        started = time.monotonic()
    # A hanging answer would keep it for ever.
    assert time.monotonic() - started < 15
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url, trust_env=False)


def test_a_drip_is_whole_but_slow(server, client):
    length = len(client.get(item_path(FIRST)).content)
    server.fail(None, Fault.drip(piece=-(-length // 10), pause=0.02))
    started = time.monotonic()
    # No single read takes long: a time-out for each of them does not end it.
    assert client.get(item_path(FIRST)).json()["id"] == FIRST
    assert time.monotonic() - started >= 0.15


def test_a_rule_falls_on_what_it_names_alone(server, client):
    def hit(matcher: object) -> set[str]:
        server.heal()
        server.fail(matcher, Fault.SERVER_ERROR)
        paths = [item_path(FIRST), item_path(FIRST + 1), f"/api/v1/items/{FIRST}", "/api/v1/search?tags=story"]
        return {path for path in paths if client.get(path).status_code == 500}

    assert hit(FIRST) == {item_path(FIRST), f"/api/v1/items/{FIRST}"}
    assert hit([FIRST, FIRST + 1]) == {item_path(FIRST), item_path(FIRST + 1), f"/api/v1/items/{FIRST}"}
    assert hit("/api/v1/search") == {"/api/v1/search?tags=story"}
    assert hit(re.compile("^/api")) == {f"/api/v1/items/{FIRST}", "/api/v1/search?tags=story"}
    assert hit(lambda path: path.endswith("2.json")) == {item_path(FIRST + 1)}
    assert len(hit(None)) == 4


def test_a_rule_ends_after_some_hits_in_all_or_of_each_path(server, client):
    in_all = server.fail(None, Fault.SERVER_ERROR, times=2)
    assert [client.get(item_path(FIRST + n)).status_code for n in range(4)] == [500, 500, 200, 200]
    assert in_all.fired == 2
    of_each = server.fail(None, Fault.SERVER_ERROR, each=1)
    statuses = [client.get(item_path(item_id)).status_code for item_id in (FIRST, FIRST, FIRST + 1, FIRST + 1)]
    assert statuses == [500, 200, 500, 200]
    of_each.stop()
    assert client.get(item_path(FIRST + 2)).status_code == 200


def test_a_share_hits_the_same_requests_in_any_order(server):
    ids = list(range(FIRST + 1000, FIRST + 1100))

    def hit(order: list[int], seed: int) -> set[int]:
        server.heal()
        server.fail(None, Fault.SERVER_ERROR, share=0.2, seed=seed)
        answers = asyncio.run(ask_for_all(server, order))
        return {item_id for item_id, answer in zip(order, answers, strict=True) if answer.status_code == 500}

    once = hit(ids, seed=3)
    assert 10 <= len(once) <= 30
    assert hit(ids[::-1], seed=3) == once
    assert hit(ids, seed=4) != once


def test_algolia_gives_a_thread_without_what_is_deleted_dead_or_missing(server, client):
    server.items[FIRST] = {"id": FIRST, "type": "comment", "parent": POST_ID, "time": 1, "deleted": True}
    server.items[FIRST + 1]["dead"] = True
    server.items[77] = {"id": 77, "type": "comment", "by": "a", "parent": FIRST + 2, "time": 5, "text": "an answer"}
    server.items[78] = {"id": 78, "type": "comment", "by": "b", "parent": FIRST + 3, "time": 6, "text": "lost"}
    server.search_missing = {FIRST + 3}
    server.search_stale = {FIRST + 4: "as it was before"}
    thread = client.get(f"/api/v1/items/{POST_ID}").json()
    children = {child["id"]: child for child in thread["children"]}
    assert set(children) == set(range(FIRST + 2, FIRST + 30)) - {FIRST + 3}
    assert (thread["type"], thread["author"], thread["points"]) == ("story", "david927", 115)
    assert thread["created_at"] == "2026-09-13T16:00:00.000Z"
    answer = children[FIRST + 2]["children"][0]
    assert (answer["id"], answer["parent_id"], answer["story_id"], answer["title"]) == (77, FIRST + 2, POST_ID, None)
    assert children[FIRST + 4]["text"] == "as it was before"
    assert client.get(item_path(FIRST + 4)).json()["text"] != "as it was before"
    assert "lost" not in json.dumps(thread)
    assert client.get(f"/api/v1/items/{FIRST}").status_code == 404


def test_algolia_searches_stories(client, server):
    for number, title in enumerate(("Ask HN: Who is hiring?", "Show HN: Working on it", "Ask HN: Working late?")):
        story = {"id": number + 1, "type": "story", "by": "whoishiring", "title": title, "time": 1_800_000_000 + number}
        server.items[number + 1] = story | {"score": 500 - number, "descendants": 5}

    def found(path: str, **params: object) -> list[str]:
        return [hit["objectID"] for hit in client.get(f"/api/v1/{path}", params=params).json()["hits"]]

    assert found("search_by_date", tags="story") == ["3", "2", "1", str(POST_ID)]
    assert found("search", tags="story") == ["1", "2", "3", str(POST_ID)]
    assert found("search_by_date", tags="story,ask_hn", query="working") == ["3", str(POST_ID)]
    assert found("search", tags="story", query='"what are you working on"') == [str(POST_ID)]
    assert found("search", tags="ask_hn,(author_david927,author_nobody)") == [str(POST_ID)]
    assert found("search", tags="story", numericFilters="created_at_i>1800000000,num_comments<10") == ["2", "3"]
    assert found("search_by_date", tags="story", hitsPerPage=2, page=1) == ["1", str(POST_ID)]
    whole = client.get("/api/v1/search", params={"tags": f"comment,story_{POST_ID}", "hitsPerPage": 7}).json()
    assert (whole["nbHits"], whole["nbPages"], len(whole["hits"])) == (30, 5, 7)
    assert client.get("/api/v1/search?numericFilters=karma>1").status_code == 400


def test_a_generated_thread_is_the_same_each_time_and_grows_at_its_end():
    small, large = generate_thread(200, seed=5), generate_thread(1000, seed=5)
    assert small == generate_thread(200, seed=5) != generate_thread(200, seed=6)
    by_id = {item["id"]: item for item in large}
    assert all(by_id[item["id"]] == item for item in small[1:])
    assert large[0]["title"] == "Ask HN: What are you working on? (September 2026)"
    assert large[0]["kids"] == [item["id"] for item in large[1:]] != sorted(large[0]["kids"])
    assert 10 <= sum("deleted" in item for item in large) <= 30
    assert 10 <= sum("dead" in item for item in large) <= 30
    texts = [item["text"] for item in large[1:] if "deleted" not in item]
    assert sum(bool(links(text)) for text in texts) > 500
    assert all(Item.parse(item, item["id"]).posted_at for item in large)


def test_text_is_encoded_as_hacker_news_does():
    typed = 'I\'m *really* on "R&D" <b>\n\n  $ a > /dev/null\n\nSee https://a.example/' + "x" * 80 + "."
    html = hn_html(typed)
    assert html.startswith("I&#x27;m <i>really</i> on &quot;R&amp;D&quot; &lt;b&gt;<p><pre><code>  $ a &gt; &#x2F;dev")
    assert html.endswith("xxx...</a>.")
    assert links(html) == ["https://a.example/" + "x" * 80]
    assert "<b>" in plain_text(html)


def test_it_runs_by_hand_and_prints_its_address_first(tmp_path):
    items = tmp_path / "items.jsonl"
    items.write_text("".join(json.dumps(item) + "\n" for item in generate_thread(3)))
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.servers.hackernews", "--items", str(items), "--latency", "0.01"],
        cwd=Path(__file__).resolve().parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    url = process.stdout.readline().strip()
    assert len(httpx.get(f"{url}/v0/item/{POST_ID}.json", trust_env=False).json()["kids"]) == 3
    process.terminate()
    rest, _ = process.communicate(timeout=60)
    assert "1 requests over 1 connections" in rest
    assert process.returncode == 0
