"""More requests than a web process can serve, and one that ends while it serves."""

import threading
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.servers.web import Web
from waywo_site.overload import MOST_WAITING, RETRY_SECONDS, shedding


def asked(path: str, waiting: int) -> tuple[str, dict[str, str], bytes]:
    """Return status, headers and body of a request that meets so many waiting ones."""
    seen: dict[str, Any] = {}

    def application(environ, start_response):
        start_response("200 OK", [])
        return [b"served"]

    def start_response(status, headers):
        seen.update(status=status, headers=dict(headers))

    body = b"".join(shedding(application, lambda: waiting)({"PATH_INFO": path}, start_response))
    return seen["status"], seen["headers"], body


@pytest.mark.parametrize("path", ["/", "/api/projects", "/healthz"])
def test_as_many_as_can_wait_are_served(path):
    assert asked(path, MOST_WAITING)[2] == b"served"


def test_more_are_told_when_to_come_back():
    status, headers, body = asked("/projects/", MOST_WAITING + 1)
    assert (status, headers["Retry-After"]) == ("503 Service Unavailable", str(RETRY_SECONDS))
    assert headers["Content-Type"].startswith("text/plain")
    assert int(headers["Content-Length"]) == len(body)


def test_the_api_tells_it_as_a_problem():
    _, headers, body = asked("/api/projects", MOST_WAITING + 1)
    assert headers["Content-Type"] == "application/problem+json"
    assert b'"status": 503' in body
    assert headers["Retry-After"] == str(RETRY_SECONDS)


def test_who_watches_the_server_is_always_answered():
    assert asked("/healthz", MOST_WAITING + 1)[2] == b"served"


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_a_process_that_is_replaced_after_some_requests_answers_all_that_it_holds(tmp_path):
    ends: Counter[str] = Counter()

    def ask(url: str) -> None:
        # Connections that are kept, as a proxy does.
        with httpx.Client(base_url=url, timeout=60) as http:
            for _ in range(25):
                try:
                    ends[str(http.get("/api/months").status_code)] += 1
                except httpx.TransportError as error:
                    ends[type(error).__name__] += 1

    with Web(tmp_path, 2, GUNICORN_CMD_ARGS="--max-requests 30") as web:
        threads = [threading.Thread(target=ask, args=[web.url]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert ends == {"200": 200}
