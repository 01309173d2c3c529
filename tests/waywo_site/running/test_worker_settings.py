"""Settings of the workers, each with what goes wrong without it."""

import threading
from collections import Counter

import pytest
from celery import current_app
from django_celery_results.models import TaskResult

from core.jobs import following, sending
from core.models import BatchTask
from tests.faults import work
from tests.servers.processes import Worker
from tests.waiting import wait_until
from waywo_site.embedded import Valkey
from waywo_site.running.queues import depth

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]


def wait_for(group_id: str, seconds: float = 60) -> None:
    wait_until(lambda: following.progress_of(group_id).is_finished, "the batch ends", seconds)


def test_a_child_is_replaced_after_200_tasks_so_that_what_leaks_is_bounded(tmp_path):
    with Worker(tmp_path, processes=1):
        batch = sending.start_batch("canary", [{"queue": "waywo"}] * 205)
        wait_for(batch.group_id)
    workers = Counter(BatchTask.objects.filter(batch=batch).values_list("worker", flat=True))
    assert sorted(workers.values()) == [5, 200]


def test_a_worker_takes_no_more_than_it_works_on_so_that_another_is_not_idle(tmp_path):
    """With prefetching, a slow comment would hold up those behind it while a second worker has nothing to do."""
    first, *others = work.make_comments(4)

    def hang(request: dict) -> float:
        return 600.0 if "Thing 0 " in request["messages"][1]["content"] else 0.0

    (tmp_path / "other").mkdir()
    with work.model(hang) as server:
        variables = {"LLM_BASE_URL": server.url, "LLM_MODEL": "scripted"}
        sending.start_batch("process_waywo_comment", [{"comment_id": pk} for pk in (first, *others)])
        with Worker(tmp_path, processes=1, **variables) as busy:
            wait_until(lambda: server.requests, "the first one is asked about")
            assert depth("extraction") == len(others)
            with Worker(tmp_path / "other", processes=1, **variables):
                wait_until(lambda: work.number_read() == len(others), "the others are read")
            busy.kill()


def test_a_worker_that_is_started_before_its_broker_waits_for_it(tmp_path):
    valkey = Valkey(tmp_path / "broker")
    valkey.ensure_running()
    url = valkey.url
    valkey.stop()
    worker = Worker(tmp_path, processes=1, CELERY_BROKER_URL=url)
    starting = threading.Thread(target=worker.start)
    starting.start()
    try:
        wait_until(lambda: "Cannot connect to" in worker.log, "the broker is missed")
        valkey.ensure_running()
        assert valkey.url == url
        starting.join(timeout=60)
        assert " ready." in worker.log
        (pk,) = work.make_comments(1)
        work.queue(url, [pk])
        wait_until(lambda: work.number_read() == 1, "it works")
    finally:
        starting.join(timeout=60)
        worker.__exit__()
        valkey.stop()


class Bomb:
    """Does something when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_what_is_not_json_is_refused_unread_and_the_next_task_is_done(tmp_path):
    exploded = tmp_path / "exploded"
    with current_app.producer_or_acquire() as producer:
        producer.publish(
            [[Bomb(str(exploded))], {}, {}],
            routing_key="waywo",
            serializer="pickle",
            headers={"task": "canary", "id": "a pickle", "lang": "py", "argsrepr": "", "kwargsrepr": ""},
        )
    with Worker(tmp_path, processes=1) as worker:
        batch = sending.start_batch("canary", [{"queue": "waywo"}])
        wait_for(batch.group_id)
        assert "Refusing to deserialize" in worker.log
    assert not exploded.exists()
    assert depth("waywo") == 0


def test_a_result_tells_task_arguments_worker_and_that_it_started(tmp_path):
    (pk,) = work.make_comments(1)
    with (
        work.model(lambda _: 600.0) as server,
        Worker(tmp_path, processes=1, LLM_BASE_URL=server.url, LLM_MODEL="scripted") as worker,
    ):
        task_id = sending.send("process_waywo_comment", {"comment_id": pk})
        row = wait_until(TaskResult.objects.filter(task_id=task_id, status="STARTED").first, "it is seen at work")
        worker.kill()
    assert row.task_name == "process_waywo_comment"
    assert row.worker.startswith("celery@")
    assert f"'comment_id': {pk}" in row.task_kwargs
