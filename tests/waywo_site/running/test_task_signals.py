"""What is done around a task: a line in the log with the error it ended with, and few queries for the queue itself."""

import logging
import math

import pytest
from celery import current_app
from celery.app.trace import build_tracer, get_log_policy
from celery.states import FAILURE
from django.db import connection
from django.test.utils import CaptureQueriesContext

from comments.adding import CollectionError
from core.http import Unavailable
from core.jobs import cancelling, sending
from core.jobs.retrying import GivenUp
from core.models import BatchTask
from waywo_site.running import task_signals
from waywo_site.running.task_signals import note_end


class Info:
    internal = False


@pytest.mark.parametrize(
    ("error", "is_expected"),
    [
        (Unavailable("https://hn.example: answered 500."), True),
        (CollectionError("Thread 7: 9 of 40 comments could not be had."), True),
        (GivenUp(GivenUp.REASON), True),
        (KeyError("a bug"), False),
    ],
)
def test_a_hacker_news_that_is_away_is_one_line_and_a_bug_has_its_traceback(caplog, error, is_expected):
    task = current_app.tasks["process_waywo_post"]
    assert bool(get_log_policy(task, Info, error).traceback) is not is_expected
    with caplog.at_level(logging.INFO):
        note_end("an id", task, {"post_id": 7}, FAILURE, error)
    [line] = [record for record in caplog.records if record.getMessage() == "task ended"]
    assert (line.levelname == "WARNING") is is_expected
    assert getattr(line, "error", "") == (str(error) if is_expected else "")
    assert line.exc_info is None


@pytest.fixture
def trials(monkeypatch) -> list[None]:
    """Count how often the connection is tried, which is a query, too."""
    counted, is_usable = [], connection.is_usable

    def tried():
        counted.append(None)
        return is_usable()

    monkeypatch.setattr(connection, "is_usable", tried)
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", None)
    monkeypatch.setattr(task_signals, "_last_end", -math.inf)  # as of a process that has been idle
    connection.close()
    connection.connect()
    return counted


def run(task: BatchTask) -> list[str]:
    """Run a task of a batch as a worker's process does, and return its queries."""
    name = task.batch.task_name
    trace = build_tracer(name, current_app.tasks[name], app=current_app)
    request = {"id": task.pk, "group": task.batch_id, "delivery_info": {}, "is_eager": False}
    with CaptureQueriesContext(connection) as seen:
        trace(task.pk, [], task.kwargs, request)
    return [query["sql"] for query in seen.captured_queries]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_queues")
def test_the_queue_adds_two_queries_to_a_task_of_a_batch_and_tries_an_idle_connection_once(trials):
    batch = sending.start_batch("canary", [{"queue": "waywo"}, {"queue": "waywo"}])
    for task in batch.tasks.all():
        start, own, end = run(task)
        assert "waywo_site_heartbeat" in own
        assert all(query.startswith('UPDATE "comments_batchtask"') for query in (start, end))
        assert len(trials) == 1  # the second one trusts what the first one used
    assert set(batch.tasks.values_list("status", flat=True)) == {"SUCCESS"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_queues")
def test_the_message_of_a_cancelled_task_costs_two_queries_and_no_connection(trials):
    batch = sending.start_batch("canary", [{"queue": "waywo"}])
    cancelling.cancel_batch(batch.pk)
    session = connection.connection
    attempt, look = run(batch.tasks.get())
    assert (attempt[:6], look[:6]) == ("UPDATE", "SELECT")
    assert connection.connection is session
    assert not session.closed
    assert batch.tasks.get().status == "REVOKED"
