"""What a task's end leaves in the log: one line, with the error where it is one that tasks are known to end with."""

import logging

import pytest
from celery import current_app
from celery.app.trace import get_log_policy
from celery.states import FAILURE

from comments.adding import CollectionError
from core.http import Unavailable
from core.jobs.retrying import GivenUp
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
