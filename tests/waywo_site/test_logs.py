"""Log lines for people and for machines."""

import json
import logging
import sys

import pytest
from billiard.exceptions import WorkerLostError

from core.jobs import sending
from tests.factories import make_comment
from tests.servers.processes import Worker
from tests.waiting import wait_until
from waywo_site.logs import JsonFormatter, LineFormatter, LostProcess


def record(message: str = "read", **extra) -> logging.LogRecord:
    return logging.getLogger("waywo").makeRecord("waywo", logging.INFO, "", 0, message, (), None, extra=extra)


def test_fields_stand_behind_the_line_and_in_the_json():
    said = record(comment_id=7, seconds=0.12345, note="two words")
    assert LineFormatter().format(said).endswith(' INFO waywo: read comment_id=7 seconds=0.123 note="two words"')
    line = json.loads(JsonFormatter().format(said))
    assert (line["message"], line["comment_id"], line["level"]) == ("read", 7, "INFO")
    assert line["time"].endswith("+00:00")


def test_a_message_of_several_lines_is_one_line_of_json():
    line = JsonFormatter().format(record("a\nb", odd=object()))
    assert "\n" not in line
    assert json.loads(line)["message"] == "a\nb"


@pytest.mark.parametrize(
    ("signal", "level", "said"),
    [
        ("9 (SIGKILL)", "ERROR", "A process at a task ended; its task goes back into its queue: signal 9 (SIGKILL)"),
        ("15 (SIGTERM)", "INFO", "A process at a task was told to end: signal 15 (SIGTERM)"),
    ],
)
def test_a_process_that_ended_in_the_middle_of_a_task_is_one_line(signal, level, said):
    try:
        raise WorkerLostError(f"Worker exited prematurely: signal {signal} Job: 3.")
    except WorkerLostError as error:
        lost = logging.getLogger("x").makeRecord(
            "x", logging.ERROR, "", 0, "Task handler raised error: %r", (error,), sys.exc_info()
        )
    assert any(isinstance(one, LostProcess) for one in logging.getLogger("celery.worker.request").filters)
    assert LostProcess().filter(lost)
    line = LineFormatter().format(lost)
    assert f" {level} x: {said}" in line
    assert "\n" not in line


def ended_of(task_id: str, log: str) -> dict | None:
    """Return the line that says of a task that it ended; the last one may be half written."""
    lines = [
        json.loads(line) for line in log.splitlines(keepends=True) if line.startswith("{") and line.endswith("}\n")
    ]
    return next((line for line in lines if line["message"] == "task ended" and line["task_id"] == task_id), None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_queues")
@pytest.mark.process
def test_a_worker_says_what_it_did_in_json_without_the_comments_text(tmp_path):
    comment = make_comment("I am building Secretfoo, a very particular thing.")
    with Worker(tmp_path, LOG_FORMAT="json") as worker:
        task_id = sending.send("process_waywo_comment", {"comment_id": comment.pk})
        ended = wait_until(lambda: ended_of(task_id, worker.log), "the task ends")
        log = worker.log
    assert (ended["comment_id"], ended["state"]) == (comment.pk, "SUCCESS")
    assert ended["seconds"] >= 0
    assert "Secretfoo" not in log
