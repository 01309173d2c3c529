"""What goes wrong, over HTTP: always a problem detail, never a traceback."""

import json
import socket

import pytest
from django.db import connection

from core.jobs import sending
from tests.factories import make_comment, make_project
from tests.servers.web import BOOTSTRAP, Web
from tests.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]

RUBBISH = [
    b"", b"null", b"[]", b"{", b"\xff\xfe", b"\x00" * 100, b"[" * 60_000, b'{"limit_posts":' + b"9" * 5000 + b"}",
    b'{"limit_posts": NaN}', b'{"limit_posts": 1e400}', b'{"post": "\\ud800"}', b'{"post": "\\u0000"}', b'"text"',
    b'{"comment_ids": [' + b"1," * 20_000 + b"1]}", b'{"tags": ["\\u0000"]}', b'{"review_note": "\\u0000"}',
    b'{"review_status": {"$ne": 1}}', b"<xml/>", b"a=b&c=d", b"{{ 7*7 }}",
]  # fmt: skip
ACTING = [
    ("POST", "/api/process-waywo-posts"),
    ("POST", "/api/process-waywo-comments"),
    ("POST", "/api/waywo-posts/add"),
    ("POST", "/api/try-reading"),
    ("POST", "/api/try-source"),
    ("POST", "/api/discover-waywo-posts"),
    ("POST", "/api/generate-embeddings"),
    ("PATCH", "/api/projects/{project}"),
]
ODD_QUERIES = [
    "q=%00", "author=%00", "tags=%00", "q=" + "x" * 300, "limit=0", "limit=201", "limit=-1", "limit=x", "limit=",
    "cursor=x", "cursor=%00", "cursor=W10", "cursor=" + "A" * 600, "month=2026-13", "month=x", "min_idea_score=11",
    "order=title", "order=", "fields=nothing", "has_link=perhaps", "source=mars", "unknown=1", "tags=",
    "cursor=WyItbGFzdF9zZWVuX2F0IiwgIngiLCAxXQ",
]  # fmt: skip


def is_problem(answer, status: int | None = None) -> dict:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert set(body) <= {"type", "title", "status", "detail", "errors"}
    assert body["status"] == answer.status_code
    assert "Traceback" not in answer.text
    assert ".py" not in answer.text
    if status is not None:
        assert answer.status_code == status, answer.text
    return body


@pytest.mark.parametrize(("method", "path"), ACTING)
def test_a_body_of_rubbish_is_a_problem_of_the_caller(web, method, path):
    url = path.format(project=make_project().pk)
    with web.client(BOOTSTRAP) as client:
        for body in RUBBISH:
            answer = client.request(method, url, content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code < 500, (body[:50], answer.text)
            if answer.status_code >= 400:
                is_problem(answer)


@pytest.mark.parametrize("query", ODD_QUERIES, ids=lambda query: query[:30])
def test_a_wrong_parameter_is_named_with_what_is_allowed(web, query):
    with web.client() as client:
        problem = is_problem(client.get(f"/api/projects?{query}"), 422)
    [error] = problem["errors"]
    assert error["field"].startswith("query." + query.split("=")[0])
    assert error["problem"]
    assert error["allowed"]


@pytest.mark.parametrize(
    ("path", "body", "field", "allowed"),
    [
        ("process-waywo-posts", {"source": "reddit"}, "body.source", "one of hn, lobsters"),
        ("process-waywo-posts", {"max_age_days": 0}, "body.max_age_days", "greater than or equal to 1"),
        ("discover-waywo-posts", {"source": "sample"}, "body.source", "one of hn, lobsters"),
        ("try-source", {}, "body.source", "a value"),
        ("try-source", {"source": "hn", "limit": 101}, "body.limit", "less than or equal to 100"),
        ("process-waywo-comments", {"source": 5}, "body.source", "a valid string"),
        ("process-waywo-comments", {"failed": 1}, "body.failed", "a valid boolean"),
        ("process-waywo-comments", {"comment_ids": [1], "failed": True}, "body.comment_ids", "the ids, or the"),
        ("generate-embeddings", {"project_ids": [1, "x"]}, "body.project_ids.1", "a whole number"),
        # Of two types that were tried none shows in the name, and the fault is told once.
        ("waywo-posts/add", {"post": "nowhere"}, "body.post", "a whole number or "),
    ],
)
def test_a_wrong_argument_is_named_once_with_what_is_allowed(web, path, body, field, allowed):
    with web.client(BOOTSTRAP) as client:
        [error] = is_problem(client.post(f"/api/{path}", json=body), 422)["errors"]
    assert error["field"] == field
    assert allowed in error["allowed"]


@pytest.mark.parametrize("cursor", ["null", "None", ""])
def test_the_place_behind_the_last_page_is_the_first_page(web, cursor):
    project = make_project()
    with web.client() as client:
        first = client.get("/api/projects?limit=1").json()
        assert (first["items"][0]["id"], first["next"]) == (project.pk, None)
        assert client.get(f"/api/projects?limit=1&cursor={cursor}").json() == first


def test_what_is_not_there_or_not_allowed_is_a_problem_too(web):
    with web.client(BOOTSTRAP) as client:
        is_problem(client.get("/api/nothing"), 404)
        is_problem(client.get("/api/"), 404)
        is_problem(client.get("/api/projects/abc"), 404)
        is_problem(client.get("/api/projects/99999999999999999999"), 422)
        is_problem(client.get("/api/projects/9223372036854775807"), 404)
        wrong = client.delete("/api/projects")
        is_problem(wrong, 405)
        assert wrong.headers["Allow"] == "GET"
        is_problem(client.get("/api/projects", headers={"Host": "evil.example"}), 400)
        is_problem(client.get("/api/queues", headers={"Authorization": "Basic eA=="}), 401)
        is_problem(client.post("/api/process-waywo-posts", content=b" " * 70_000), 413)
        is_problem(client.post("/api/process-waywo-posts", content=iter([b'{"limit_posts": 0}'])), 411)


def test_callers_are_limited_each_by_themselves(tmp_path):
    limits = {"API_READS_PER_MINUTE": "5", "API_ACTIONS_PER_MINUTE": "2"}
    with Web(tmp_path, **limits) as web, web.client() as stranger, web.client(BOOTSTRAP) as other:
        # A minute may begin in between, so twice as many are surely too many.
        answers = [stranger.get("/api/tags") for _ in range(11)]
        assert [answer.status_code for answer in answers[:5]] == [200] * 5
        refused = next(answer for answer in answers if answer.status_code == 429)
        is_problem(refused, 429)
        assert 1 <= int(refused.headers["Retry-After"]) <= 61
        assert other.get("/api/tags").status_code == 200
        acted = [other.post("/api/process-waywo-comments").status_code for _ in range(5)]
        assert acted[:2] == [202, 202]
        assert 429 in acted


def test_a_query_that_takes_too_long_is_ended(web):
    make_project()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE projects_project RENAME TO slow_project")
        try:
            cursor.execute("CREATE VIEW projects_project AS SELECT * FROM slow_project WHERE pg_sleep(20) IS NOT NULL")
            with web.client() as client:
                answer = client.get("/api/projects")
        finally:
            cursor.execute("DROP VIEW IF EXISTS projects_project")
            cursor.execute("ALTER TABLE slow_project RENAME TO projects_project")
    assert "too long" in is_problem(answer, 503)["detail"]
    assert answer.elapsed.total_seconds() < 10
    assert int(answer.headers["Retry-After"]) > 0


def test_a_bug_is_500_without_a_word_about_the_inside(web):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE projects_tag RENAME TO gone")
        try:
            with web.client() as client:
                answer = client.get("/api/tags")
        finally:
            cursor.execute("ALTER TABLE gone RENAME TO projects_tag")
    problem = is_problem(answer, 500)
    assert "projects_tag" not in json.dumps(problem)
    assert "projects_tag" in web.log


def test_without_a_broker_nothing_is_sent_and_no_task_waits_for_ever(tmp_path):
    comment = make_comment()
    with Web(tmp_path, CELERY_BROKER_URL="redis://127.0.0.1:9/0") as web, web.client(BOOTSTRAP) as client:
        is_problem(client.post(f"/api/waywo-comments/{comment.pk}/process"), 503)
        is_problem(client.get("/api/queues"), 503)
        health = client.get("/api/health").json()
        assert {"broker", "workers", "queues"} <= {
            check["name"] for check in health["checks"] if check["state"] == "failed"
        }
    from django_celery_results.models import TaskResult

    assert TaskResult.objects.count() == 0


def test_streams_cannot_starve_the_web_server(web):
    task_id = sending.send("process_waywo_comment", {"comment_id": make_comment().pk})
    url = f"{web.url}/api/tasks/{task_id}/events"
    host, port = url.split("/")[2].split(":")
    peers = []
    with web.client() as client:
        for _ in range(3):
            peer = socket.create_connection((host, int(port)), 10)
            peer.sendall(f"GET /api/tasks/{task_id}/events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert b"200 OK" in peer.recv(4096)
            peers.append(peer)
        refused = client.get(url)
        is_problem(refused, 503)
        assert int(refused.headers["Retry-After"]) > 0
        assert client.get("/api/tags").status_code == 200
        for peer in peers:
            peer.close()

        def free() -> bool:
            with client.stream("GET", url) as answer:
                return answer.status_code == 200

        # The server finds out by its next heartbeat.
        wait_until(free, "a slot is free again", 30)


def test_a_stream_ends_with_the_web_server(tmp_path):
    task_id = sending.send("process_waywo_comment", {"comment_id": make_comment().pk})
    with Web(tmp_path) as web, web.client() as client:
        with client.stream("GET", f"/api/tasks/{task_id}/events", timeout=60) as events:
            lines = events.iter_lines()
            assert next(lines) == "retry: 2000"
            web.process.terminate()
            # One that is broken off, as by SIGKILL, raises here.
            assert any("PENDING" in line for line in lines)
        assert web.process.wait(60) == 0
    assert "SIGKILL" not in web.log


def test_the_documentation_is_served_without_an_outside_host(web):
    with web.client() as client:
        page = client.get("/api/docs").text
        for path in (part.split('"')[0] for part in page.split('="')[1:] if part.startswith("/static/")):
            assert client.get(path).status_code == 200, path
        assert "http://" not in page
        assert "https://" not in page
