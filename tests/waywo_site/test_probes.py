"""/healthz, /readyz and /metrics of a real web server."""

import socket
import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from ideas.models import IdeaRun
from projects.models import Extraction
from tests.factories import make_comment
from tests.servers.web import BOOTSTRAP, Web
from waywo_site.operations import metrics

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]

TOKEN = "a-token-for-metrics-0123456789"
MOST_SECONDS = 2.0


@contextmanager
def hanging_server():
    """Accept connections, and never say a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        kept, ended = [], threading.Event()

        def accept() -> None:
            while not ended.is_set():
                try:
                    kept.append(listener.accept())
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        ended.set()
        for connection, _ in kept:
            connection.close()


def test_readyz_is_short_for_strangers_and_says_all_to_staff(tmp_path):
    with Web(tmp_path) as web:
        assert web.client().get("/healthz").json() == {"status": "ok"}
        stranger = web.client().get("/readyz")
        assert (stranger.status_code, stranger.json()) == (200, {"status": "ok"})
        for insider in (web.signed_in("staff"), web.client(BOOTSTRAP)):
            names = [check["name"] for check in insider.get("/readyz").json()["checks"]]
            assert names == ["database", "broker", "migrations"]
        nobody = web.signed_in("nobody", staff=False).get("/readyz").json()
        assert nobody == {"status": "ok"}


@pytest.mark.parametrize("broken", ["database", "broker"])
def test_readyz_answers_in_time_whatever_hangs(tmp_path, broken):
    with hanging_server() as port:
        variables = {
            "database": {"DATABASE_URL": f"postgres://u:p@127.0.0.1:{port}/x"},
            "broker": {"CELERY_BROKER_URL": f"redis://127.0.0.1:{port}/0"},
        }[broken]
        with Web(tmp_path, **variables) as web:
            client = web.client()
            client.cookies.set("sessionid", "x" * 32)
            client.get("/healthz")
            took = []
            for _ in range(3):
                began = time.monotonic()
                answer = client.get("/readyz")
                took.append(time.monotonic() - began)
                assert (answer.status_code, answer.json()) == (503, {"status": "failed"})
            assert min(took) < MOST_SECONDS  # a busy machine may hold up one or two
            details = web.client(BOOTSTRAP).get("/readyz").json()["checks"]
            assert broken in [check["name"] for check in details if check["state"] == "failed"]
            assert client.get("/healthz").status_code == 200


def test_metrics_are_off_without_a_token_and_closed_without_it(tmp_path):
    with Web(tmp_path) as web:
        assert web.client().get("/metrics").status_code == 404
    with Web(tmp_path, METRICS_TOKEN=TOKEN) as web:
        assert web.client().get("/metrics").status_code == 401
        assert web.client(TOKEN + "x").get("/metrics").status_code == 401
        answer = web.client(TOKEN).get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    samples = {sample.name for family in text_string_to_metric_families(answer.text) for sample in family.samples}
    assert {"waywo_comments", "waywo_queue_messages", "waywo_broker_up"} <= samples


def values(text: str) -> dict[tuple, float]:
    """Return each sample by its name and the values of its labels, in the order of the labels' names."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_what_language_models_cost_in_the_last_hour_is_summed_up():
    now = timezone.now()
    for status, began in (("succeeded", now), ("failed", now), ("failed", now - timedelta(hours=2))):
        Extraction.objects.create(
            comment=make_comment(), analyst="tiny-model", prompt_version=1, status=status, started_at=began,
            llm_calls=2, tokens_in=300, tokens_out=40,
        )  # fmt: skip
    Extraction.objects.create(comment=make_comment(), analyst="rules", prompt_version=1, started_at=now)
    IdeaRun.objects.create(language_model="tiny-model", started_at=now, llm_calls=3, tokens_in=5, tokens_out=1)
    seen = values(metrics.text().decode())
    assert seen["waywo_llm_calls_last_hour", "tiny-model"] == 7
    assert seen["waywo_llm_tokens_last_hour", "in", "tiny-model"] == 605
    assert seen["waywo_llm_errors_last_hour", "tiny-model"] == 1
    assert ("waywo_llm_calls_last_hour", "rules") not in seen


def test_a_hanging_broker_costs_metrics_two_seconds_and_not_the_rest(tmp_path):
    with hanging_server() as port:
        variables = {"CELERY_BROKER_URL": f"redis://127.0.0.1:{port}/0", "METRICS_TOKEN": TOKEN}
        with Web(tmp_path, **variables) as web:
            answer = httpx.get(f"{web.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20)
    seen = values(answer.text)
    assert seen[("waywo_broker_up",)] == 0
    assert ("waywo_comments", "pending") in seen
