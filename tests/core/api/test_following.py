"""Following tasks and groups by server-sent events."""

import json
from collections.abc import Iterator

import pytest

from core.jobs import sending, steps
from core.jobs.retrying import start_in_batch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]
NEVER_SENT = "00000000-0000-0000-0000-000000000000"


def events_of(answer) -> Iterator[tuple[str, dict]]:
    """Yield name and content of each event, as they come."""
    assert answer["Content-Type"] == "text/event-stream; charset=utf-8"
    for chunk in answer.streaming_content:
        lines = dict(line.split(": ", 1) for line in chunk.decode().splitlines() if line and line[0] != ":")
        if "event" in lines:
            yield lines["event"], json.loads(lines["data"])


def test_a_group_tells_each_change_and_ends_with_its_last_task(client):
    batch = sending.start_batch("process_waywo_comment", [{"comment_id": 1}, {"comment_id": 2}], label="Two")
    first, second = batch.task_ids
    events = events_of(client.get(f"/api/batches/{batch.pk}/events"))
    name, told = next(events)
    assert (name, told["state"], told["done"], told["label"]) == ("batch", "waiting", 0, "Two")
    assert "task_ids" not in told
    assert start_in_batch(first)
    steps.write(first, "describing", 3, 6, is_in_batch=True)
    _, told = next(events)
    assert (told["state"], told["running"]) == ("running", 1)
    assert told["running_tasks"][0]["progress"] == {"step": "describing", "done": 3, "total": 6}
    batch.tasks.filter(pk=first).update(status="SUCCESS")
    _, told = next(events)
    assert (told["done"], told["finished"]) == (1, False)
    batch.tasks.filter(pk=second).update(status="REVOKED")
    last = list(events)
    assert [(told["done"], told["cancelled_tasks"], told["state"]) for _, told in last] == [(2, 1, "cancelled")]


def test_a_group_that_was_never_sent_and_a_task_are_404(client):
    task_id = sending.send("process_waywo_comment", {"comment_id": 1})
    for wanted in (NEVER_SENT, task_id):
        answer = client.get(f"/api/batches/{wanted}/events")
        assert (answer.status_code, f"There is no batch {wanted}" in answer.json()["detail"]) == (404, True)
