"""Each case starts a process: the settings are read once, when Django starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def check(var_dir: Path, **variables: str) -> subprocess.CompletedProcess:
    """Run ``manage.py check`` with just these variables."""
    environment = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "VAR_DIR": str(var_dir)} | variables
    return subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True
    )


def test_nothing_has_to_be_set(tmp_path):
    assert check(tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"PORT": "eighty"}, "PORT='eighty' is not valid: it takes a whole number from 1 to 65534"),
        ({"PORT": "0"}, "PORT='0' is not valid"),
        ({"DEBUG": "maybe"}, "DEBUG='maybe' is not valid: it takes true or false"),
        ({"HN_CONCURRENCY": "-1"}, "HN_CONCURRENCY='-1' is not valid"),
        ({"LLM_TIMEOUT": "soon"}, "LLM_TIMEOUT='soon' is not valid: it takes a number"),
        ({"DEDUP_SIMILARITY_THRESHOLD": "85"}, "it takes a number from 0 to 1"),
        ({"HN_API_BASE_URL": "ftp://x"}, "HN_API_BASE_URL is not a valid URL"),
        (
            {"CELERY_BROKER_URL": "kafka://secret@x"},
            "CELERY_BROKER_URL is not a valid URL: it takes one that begins",
        ),
        (
            {"DATABASE_URL": "sqlite:///x"},
            "DATABASE_URL is not a valid URL: it takes one that begins with postgres://",
        ),
        ({"DEBUG": "false"}, "SECRET_KEY is not set: with DEBUG off"),
        ({"DATABASE_URL": "postgres://u:p@127.0.0.1/x"}, "SECRET_KEY is not set"),
        ({"CSRF_TRUSTED_ORIGINS": "waywo.example"}, "CSRF_TRUSTED_ORIGINS has 'waywo.example'"),
        ({"TIME_ZONE": "Mars/Olympus"}, "TIME_ZONE='Mars/Olympus' is not valid"),
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
