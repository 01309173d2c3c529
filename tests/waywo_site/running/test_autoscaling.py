"""A worker that has as many processes as there is work for: what it takes, claims and gives back."""

import threading
from contextlib import suppress

import psutil
import pytest
from celery import current_app
from django.conf import settings
from redis import Redis
from redis.exceptions import ResponseError

from comments.models import Comment
from core.jobs import sending
from tests.faults import work
from tests.servers.processes import Worker
from tests.waiting import wait_until
from waywo_site.running.queues import depth

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]

MOST, LEAST = 3, 1
PATIENCE = 600


def size() -> int:
    """Return how many processes the worker has."""
    [stats] = (current_app.control.inspect(timeout=5).stats() or {"": {"pool": {"processes": []}}}).values()
    return len(stats["pool"]["processes"])


def lose_broker(pid: int) -> None:
    """Let the broker close the connections of one process, and of no other."""
    ports = {str(one.laddr.port) for one in psutil.Process(pid).net_connections()}
    with Redis.from_url(settings.EMBEDDED_VALKEY.url) as client:
        for one in client.client_list():
            if one["addr"].rpartition(":")[2] in ports:
                with suppress(ResponseError):  # it may have gone by itself meanwhile
                    client.client_kill(one["addr"])


def claimed() -> int:
    """Return how many comments processes have claimed."""
    return Comment.objects.filter(status=Comment.Status.PROCESSING).count()


def test_it_takes_what_it_works_on_shrinks_without_a_loss_and_grows_again_after_a_lost_broker(tmp_path):
    """Celery's own would read one at a time after the loss: no more messages than processes, so none is added."""
    ids = work.make_comments(12)
    may_answer = threading.Event()

    def wait_for_permission(_: dict) -> float:
        may_answer.wait(PATIENCE)
        return 0.0

    def read(part: list[int], read_before: int) -> None:
        wait_until(lambda: size() == LEAST, "it has shrunk to its least", PATIENCE)
        may_answer.clear()
        sending.start_batch("process_waywo_comment", [{"comment_id": pk} for pk in part])
        wait_until(lambda: claimed() == MOST, "it works on as many as it has processes at most", PATIENCE)
        assert depth("extraction") == len(part) - MOST
        may_answer.set()
        wait_until(lambda: work.number_read() == read_before + len(part), "all are read", PATIENCE)

    inspect = current_app.control.inspect(timeout=5)
    with work.model(wait_for_permission) as server:
        variables = {"LLM_BASE_URL": server.url, "LLM_MODEL": "scripted", "LLM_TIMEOUT": "280"}
        with Worker(tmp_path, autoscale=f"{MOST},{LEAST}", AUTOSCALE_KEEPALIVE="1", **variables) as worker:
            read(ids[:6], read_before=0)
            # While it is at something, it may take so much less after the loss.
            wait_until(lambda: not any((inspect.active() or {"": ["?"]}).values()), "it is at nothing", PATIENCE)
            lose_broker(worker.process.pid)
            wait_until(lambda: worker.log.count("Connected to redis") == 2, "it has found the broker again", PATIENCE)
            read(ids[6:], read_before=6)
        asked = [request for request in server.requests if work.asks_for_segments(request)]
    assert work.cost(len(ids)) == {"lost": 0, "ran_twice": 0}
    assert len(asked) == len(ids)
