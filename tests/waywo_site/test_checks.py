import pytest
from django.core.checks import run_checks

from tests.servers.processes import manage


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, []),
        ({"DEBUG": False, "FLOWER_BASIC_AUTH": ""}, ["waywo.E001"]),
        ({"DEBUG": False, "FLOWER_BASIC_AUTH": "user:password"}, []),
        ({"FLOWER_BASIC_AUTH": "password"}, ["waywo.E002"]),
        ({"FLOWER_BASIC_AUTH": ":password"}, ["waywo.E002"]),
        ({"VISIBILITY_TIMEOUT": 1800}, ["waywo.E003"]),
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
def test_a_flower_without_a_password_stops_the_start():
    done = manage("up", FLOWER_BASIC_AUTH="")
    assert done.returncode == 1
    assert "FLOWER_BASIC_AUTH is not set while DEBUG is off" in done.stderr
    assert "Traceback" not in done.stderr
