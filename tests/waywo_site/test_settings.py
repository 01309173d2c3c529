"""The settings, read again from other variables; in a process of its own where its end and its output count."""

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parents[2]


def read_settings(var_dir: Path, **variables: str) -> dict[str, Any]:
    """Return what the settings are with just these variables."""
    with mock.patch.dict(os.environ, {"ENV_FILE": os.devnull, "VAR_DIR": str(var_dir)} | variables, clear=True):
        return runpy.run_path(str(ROOT / "waywo_site/settings.py"))


def refusal(var_dir: Path, **variables: str) -> str:
    """Return why the settings refuse these variables."""
    with pytest.raises(ImproperlyConfigured) as refused:
        read_settings(var_dir, **variables)
    return str(refused.value)


def manage(var_dir: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
    """Run ``manage.py`` with just these variables."""
    environment = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "VAR_DIR": str(var_dir)} | variables
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90)


@pytest.mark.process
def test_nothing_has_to_be_set(tmp_path):
    assert manage(tmp_path, "check").returncode == 0


@pytest.mark.process
def test_a_bad_variable_ends_a_command_with_one_line(tmp_path):
    done = manage(tmp_path, "check", PORT="eighty")
    assert done.returncode == 1
    assert done.stderr == "Error: PORT='eighty' is invalid: it expects a whole number from 1 to 65534.\n"


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"PORT": "eighty"}, "PORT='eighty' is invalid: it expects a whole number from 1 to 65534"),
        ({"PORT": "0"}, "PORT='0' is invalid"),
        ({"DEBUG": "maybe"}, "DEBUG='maybe' is invalid: it expects true or false"),
        ({"HN_CONCURRENCY": "-1"}, "HN_CONCURRENCY='-1' is invalid"),
        ({"LLM_TIMEOUT": "soon"}, "LLM_TIMEOUT='soon' is invalid: it expects a number"),
        ({"LLM_TIMEOUT": "281"}, "LLM_TIMEOUT='281' is invalid: it expects a number from 1 to 280"),
        ({"DEDUP_SIMILARITY_THRESHOLD": "85"}, "it expects a number from 0 to 1"),
        ({"HN_API_BASE_URL": "ftp://x"}, "HN_API_BASE_URL is not a valid URL"),
        ({"HN_API_BASE_URL": "http:///x"}, "HN_API_BASE_URL is not a valid URL"),
        ({"CELERY_BROKER_URL": "kafka://secret@x"}, "CELERY_BROKER_URL is not a valid URL: it expects one that begins"),
        (
            {"DATABASE_URL": "sqlite:///x"},
            "DATABASE_URL is not a valid URL: it expects one that begins with postgres://",
        ),
        ({"DEBUG": "false"}, "SECRET_KEY is not set: with DEBUG off"),
        ({"DATABASE_URL": "postgres://u:p@127.0.0.1/x"}, "SECRET_KEY is not set"),
        ({"CSRF_TRUSTED_ORIGINS": "waywo.example"}, "CSRF_TRUSTED_ORIGINS has 'waywo.example'"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT='xml' is invalid: it expects line or json"),
        ({"METRICS_TOKEN": "secret@"}, "METRICS_TOKEN is invalid: it expects a random text of 16 characters"),
        ({"ALERT_EMAIL": "me@x.example, you"}, "it expects e-mail addresses, separated by commas"),
        ({"ALERT_WEBHOOK_URL": "ftp://secret@x"}, "ALERT_WEBHOOK_URL is not a valid URL"),
        ({"EMAIL_URL": "pop://me:secret@x"}, "EMAIL_URL is not a valid URL: it expects one that begins with smtp://"),
        ({"EMAIL_FROM": "waywo"}, "EMAIL_FROM='waywo' is invalid"),
        ({"FLOWER_URL": "flower:5555"}, "FLOWER_URL is not a valid URL"),
        ({"BACKUP_KEEP": "0"}, "BACKUP_KEEP='0' is invalid"),
        ({"QUEUE_ALERT_DEPTH": "many"}, "QUEUE_ALERT_DEPTH='many' is invalid"),
        ({"TIME_ZONE": "Mars/Olympus"}, "TIME_ZONE='Mars/Olympus' is invalid"),
        ({"WORKER_CONCURRENCY": "0"}, "WORKER_CONCURRENCY='0' is invalid: it expects a whole number from 1 to 1000"),
        ({"WORKER_AUTOSCALE": "3,10"}, "WORKER_AUTOSCALE='3,10' is invalid: it expects the most and the least"),
        ({"WORKER_AUTOSCALE": "10"}, "WORKER_AUTOSCALE='10' is invalid"),
        ({"WORKER_AUTOSCALE": "10,0"}, "WORKER_AUTOSCALE='10,0' is invalid"),
        ({"WORKER_AUTOSCALE": "abc"}, "WORKER_AUTOSCALE='abc' is invalid"),
        ({"WORKER_AUTOSCALE": "10,3", "WORKER_CONCURRENCY": "2"}, "are both set: set one of the two"),
        ({"WORKER_MAX_TASKS_PER_CHILD": "0"}, "WORKER_MAX_TASKS_PER_CHILD='0' is invalid: it expects a whole number"),
        (
            {"WORKER_MAX_MEMORY_PER_CHILD": "12000"},
            "WORKER_MAX_MEMORY_PER_CHILD='12000' is invalid: it expects a whole",
        ),
        ({"WORKER_QUEUES": "extraction,abc"}, "WORKER_QUEUES='extraction,abc' is invalid: it expects names of waywo,"),
    ],
)
def test_a_bad_variable_is_one_line_that_names_it(tmp_path, variables, said):
    told = refusal(tmp_path, **variables)
    assert said in told
    assert "\n" not in told
    assert "secret@" not in told


def test_an_env_file_is_read(tmp_path):
    (tmp_path / "env").write_text("PORT=nonsense\n")
    assert "PORT='nonsense'" in refusal(tmp_path, ENV_FILE=str(tmp_path / "env"))


def test_the_secret_key_is_made_once_and_kept_for_its_owner_alone(tmp_path):
    key = read_settings(tmp_path)["SECRET_KEY"]
    assert read_settings(tmp_path)["SECRET_KEY"] == key
    assert key in (tmp_path / "secrets.json").read_text()
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"PORT=\xff", "is not UTF-8 text"), (b"PORT=8000\nnonsense\n", "line 2: it expects NAME=value")],
)
def test_a_broken_env_file_is_one_line_that_names_it(tmp_path, content, said):
    (tmp_path / "env").write_bytes(content)
    told = refusal(tmp_path, ENV_FILE=str(tmp_path / "env"))
    assert said in told
    assert str(tmp_path / "env") in told
    assert "\n" not in told


@pytest.mark.parametrize("content", ["[]", "xx"])
def test_damaged_secrets_are_one_line_that_names_the_file(tmp_path, content):
    (tmp_path / "secrets.json").write_text(content)
    told = refusal(tmp_path)
    assert f"{tmp_path / 'secrets.json'} cannot be used" in told
    assert "\n" not in told


@pytest.mark.process
def test_a_command_works_alone_on_an_empty_folder_and_leaves_nothing_running(tmp_path):
    done = manage(tmp_path / "new", "process_waywo_comments")
    assert done.returncode == 0, done.stderr
    assert "No comment is to be read" in done.stdout
    assert not any(str(tmp_path) in line for line in command_lines())


def command_lines() -> list[str]:
    """Return the command lines of all processes."""
    return [path.read_bytes().replace(b"\0", b" ").decode() for path in Path("/proc").glob("[0-9]*/cmdline")]


@pytest.mark.process
@pytest.mark.parametrize(
    ("variables", "arguments", "said"),
    [
        ({"DATABASE_URL": "postgres://u:hidden@127.0.0.1:1/x"}, ["process_waywo_comments"], "DATABASE_URL"),
        (
            {"CELERY_BROKER_URL": "redis://:hidden@127.0.0.1:1/0"},
            ["process_waywo_comments", "--queue"],
            "CELERY_BROKER",
        ),
    ],
)
def test_a_server_that_cannot_be_reached_is_one_line(tmp_path, variables, arguments, said):
    done = manage(tmp_path, *arguments, SECRET_KEY="x", FLOWER_BASIC_AUTH="a:b", **variables)
    assert done.returncode == 1
    assert f"the server of {said}" in done.stderr
    assert "Traceback" not in done.stderr
    assert "hidden" not in done.stderr
