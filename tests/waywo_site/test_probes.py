"""/healthz, /readyz and /metrics of a real web server."""

import socket
import threading
import time
from contextlib import contextmanager

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.jobs import sending
from projects.models import Extraction
from tests.factories import make_comment
from tests.servers.processes import Worker
from tests.servers.web import BOOTSTRAP, Web
from tests.waiting import wait_until
from waywo_site.models import Tally
from waywo_site.operations import metrics

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]

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
            for _ in range(3):
                began = time.monotonic()
                answer = client.get("/readyz")
                assert time.monotonic() - began < MOST_SECONDS
                assert (answer.status_code, answer.json()) == (503, {"status": "failed"})
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


def test_what_several_worker_processes_did_is_added_up(tmp_path, settings):
    settings.METRICS_TOKEN = TOKEN
    comments = [make_comment("I am building Foo, a thing.", author=f"a{number}") for number in range(8)]
    with Worker(tmp_path, processes=2, METRICS_TOKEN=TOKEN, LOG_FORMAT="json"):
        for comment in comments:
            sending.send("process_waywo_comment", {"comment_id": comment.pk})
        sending.send("process_waywo_comment", {"comment_id": 1})
        wait_until(lambda: sum(Tally.objects.filter(key__contains='["tasks"').values_list("amount", flat=True)) == 9,
                   "all runs are counted", 60)  # fmt: skip
    seen = values(metrics.text().decode())
    assert seen["waywo_tasks_total", "SUCCESS", "process_waywo_comment"] == 8
    assert seen["waywo_tasks_total", "FAILURE", "process_waywo_comment"] == 1
    assert seen["waywo_task_seconds_count", "process_waywo_comment"] == 9
    assert seen["waywo_task_seconds_bucket", "+Inf", "process_waywo_comment"] == 9
    assert seen["waywo_task_seconds_sum", "process_waywo_comment"] > 0
    assert sum(seen["waywo_comments", status] for status in ("processed", "skipped")) == 8


def test_what_a_language_model_cost_is_counted_when_its_reading_ends(settings):
    from django.utils import timezone

    settings.METRICS_TOKEN = TOKEN
    for status in (Extraction.Status.SUCCEEDED, Extraction.Status.FAILED):
        reading = Extraction.objects.create(
            comment=make_comment(), analyst="tiny-model", prompt_version=1, started_at=timezone.now()
        )
        reading.llm_calls, reading.tokens_in, reading.tokens_out = 2, 300, 40
        reading.status, reading.finished_at = status, timezone.now()
        reading.save(update_fields=["llm_calls", "tokens_in", "tokens_out", "status", "finished_at"])
        reading.save(update_fields=["segments"])
    seen = values(metrics.text().decode())
    assert seen["waywo_llm_calls_total", "tiny-model"] == 4
    assert seen["waywo_llm_tokens_total", "in", "tiny-model"] == 600
    assert seen["waywo_llm_errors_total", "tiny-model"] == 1


def test_without_a_token_nothing_is_counted():
    metrics.count_task("health_check", "SUCCESS", 1.0)
    assert not Tally.objects.exists()


def test_a_hanging_broker_costs_metrics_two_seconds_and_not_the_rest(tmp_path):
    with hanging_server() as port:
        variables = {"CELERY_BROKER_URL": f"redis://127.0.0.1:{port}/0", "METRICS_TOKEN": TOKEN}
        with Web(tmp_path, **variables) as web:
            answer = httpx.get(f"{web.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20)
    seen = values(answer.text)
    assert seen[("waywo_broker_up",)] == 0
    assert ("waywo_comments", "pending") in seen
