"""Each case starts a process: the settings are read once, when Django starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).resolve().parents[2]


def manage(var_dir: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
    """Run ``manage.py`` with just these variables."""
    environment = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "VAR_DIR": str(var_dir)} | variables
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90)


def check(var_dir: Path, **variables: str) -> subprocess.CompletedProcess:
    """Run ``manage.py check`` with just these variables."""
    return manage(var_dir, "check", **variables)


def test_nothing_has_to_be_set(tmp_path):
    assert check(tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"PORT": "eighty"}, "PORT='eighty' is invalid: it expects a whole number from 1 to 65534"),
        ({"PORT": "0"}, "PORT='0' is invalid"),
        ({"DEBUG": "maybe"}, "DEBUG='maybe' is invalid: it expects true or false"),
        ({"HN_CONCURRENCY": "-1"}, "HN_CONCURRENCY='-1' is invalid"),
        ({"LLM_TIMEOUT": "soon"}, "LLM_TIMEOUT='soon' is invalid: it expects a number"),
        ({"DEDUP_SIMILARITY_THRESHOLD": "85"}, "it expects a number from 0 to 1"),
        ({"HN_API_BASE_URL": "ftp://x"}, "HN_API_BASE_URL is not a valid URL"),
        ({"HN_API_BASE_URL": "http:///x"}, "HN_API_BASE_URL is not a valid URL"),
        (
            {"CELERY_BROKER_URL": "kafka://secret@x"},
            "CELERY_BROKER_URL is not a valid URL: it expects one that begins",
        ),
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
    ],
)
def test_a_bad_variable_is_one_line_that_names_it(tmp_path, variables, said):
    done = check(tmp_path, **variables)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "secret@" not in done.stderr


def test_an_env_file_is_read(tmp_path):
    (tmp_path / "env").write_text("PORT=nonsense\n")
    done = check(tmp_path, ENV_FILE=str(tmp_path / "env"))
    assert "PORT='nonsense'" in done.stderr


def test_the_secret_key_is_made_once_and_kept_for_its_owner_alone(tmp_path):
    assert check(tmp_path).returncode == 0
    kept = (tmp_path / "secrets.json").read_text()
    assert check(tmp_path).returncode == 0
    assert (tmp_path / "secrets.json").read_text() == kept
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"PORT=\xff", "is not UTF-8 text"), (b"PORT=8000\nnonsense\n", "line 2: it expects NAME=value")],
)
def test_a_broken_env_file_is_one_line_that_names_it(tmp_path, content, said):
    (tmp_path / "env").write_bytes(content)
    done = check(tmp_path, ENV_FILE=str(tmp_path / "env"))
    assert done.returncode == 1
    assert said in done.stderr
    assert str(tmp_path / "env") in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("content", ["[]", "xx"])
def test_damaged_secrets_are_one_line_that_names_the_file(tmp_path, content):
    (tmp_path / "secrets.json").write_text(content)
    done = check(tmp_path)
    assert done.returncode == 1
    assert f"{tmp_path / 'secrets.json'} cannot be used" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_command_works_alone_on_an_empty_folder_and_leaves_nothing_running(tmp_path):
    done = manage(tmp_path / "new", "process_waywo_comments")
    assert done.returncode == 0, done.stderr
    assert "No comment is to be read" in done.stdout
    assert not any(str(tmp_path) in line for line in command_lines())


def command_lines() -> list[str]:
    """Return the command lines of all processes."""
    return [path.read_bytes().replace(b"\0", b" ").decode() for path in Path("/proc").glob("[0-9]*/cmdline")]


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
