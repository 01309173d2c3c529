from datetime import timedelta

import pytest
from django.conf import settings
from django.core.checks import run_checks

from tests.servers.processes import manage
from waywo_site.task_table import TASKS, TaskRow


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, []),
        ({"DEBUG": False, "FLOWER_BASIC_AUTH": ""}, ["waywo.E001"]),
        ({"DEBUG": False, "FLOWER_BASIC_AUTH": "user:password"}, []),
        ({"FLOWER_BASIC_AUTH": "password"}, ["waywo.E002"]),
        ({"FLOWER_BASIC_AUTH": ":password"}, ["waywo.E002"]),
        ({"VISIBILITY_TIMEOUT": 1800}, ["waywo.E003"]),
        ({"LONGEST_RETRY_PAUSE": 3600}, ["waywo.E003"]),
        ({"PAGES_SECONDS": 280}, ["waywo.E003"]),
        ({"READING_SECONDS": 300}, ["waywo.E003"]),
        ({"CLAIM_EXPIRES_AFTER": timedelta(minutes=6)}, ["waywo.E003"]),
        ({"TASKS": TASKS | {"canary": TaskRow("waywo", limits=(400, 360))}}, ["waywo.E003"]),
        ({"TASKS": TASKS | {"backup_database": TaskRow("operations", limits=(1500, 3600))}}, ["waywo.E003"]),
        ({"LLM_TIMEOUT": 281}, ["waywo.E005"]),
        ({"PAGES_ALLOWED_TEST_NETWORKS": ("127.0.0.0/8",)}, ["waywo.E004"]),
    ],
)
def test_a_misconfiguration_is_named_with_its_way_out(settings, values, found):
    for name, value in ({"DEBUG": True} | values).items():
        setattr(settings, name, value)
    messages = [message for message in run_checks() if message.id.startswith("waywo.")]
    assert [message.id for message in messages] == found
    assert all(message.hint for message in messages)


@pytest.mark.django_db
@pytest.mark.process
def test_a_flower_without_a_password_stops_the_start():
    done = manage("up", FLOWER_BASIC_AUTH="")
    assert done.returncode == 1
    assert "FLOWER_BASIC_AUTH is not set while DEBUG is off" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_time_limit_follows_from_one_table():
    """A shorter limit of reading, say, moves the workflow, the claim and LLM_TIMEOUT with it."""
    comment = settings.TASKS["process_waywo_comment"]
    longest = max(task.hard for task in settings.TASKS.values())
    assert settings.LLM_TIMEOUT < settings.READING_SECONDS == comment.soft - 20 < comment.hard
    assert settings.CLAIM_EXPIRES_AFTER.total_seconds() == 2 * comment.hard
    assert settings.VISIBILITY_TIMEOUT == 2 * longest > settings.LONGEST_RETRY_PAUSE


def test_a_task_has_the_limits_of_its_queue_or_its_own():
    assert (TaskRow("extraction").soft, TaskRow("extraction").hard) == settings.QUEUE_TIME_LIMITS["extraction"]
    own = TaskRow("extraction", limits=(10, 20), retries=0)
    assert (own.soft, own.hard, own.retries) == (10, 20, 0)
