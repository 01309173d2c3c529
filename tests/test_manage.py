"""Commands as processes of their own: each exit code and form of output once. What a command does, its own tests call
in their process (tests.servers.processes.command)."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.factories import make_project
from tests.servers.processes import ROOT, environment, manage

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]


def test_success_is_0_with_the_result_as_json_on_the_last_line():
    done = manage("health", "--only", "database,migrations", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert [check["name"] for check in json.loads(done.stdout.splitlines()[-1])["checks"]] == ["database", "migrations"]


def test_rows_are_printed_as_they_are():
    make_project(title="Füße — 足")
    done = manage("export_projects", "--format", "csv")
    assert (done.returncode, done.stderr) == (0, "")
    head, row = done.stdout.splitlines()
    assert "title" in head.split(",")
    assert "Füße — 足" in row


@pytest.mark.parametrize("arguments", [("showmigrations",), ("health", "--only", "workers")])
def test_who_reads_no_further_ends_it_quietly(arguments):
    reads, writes = os.pipe()
    os.close(reads)
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment(), stdout=writes, stderr=subprocess.PIPE, timeout=180)
    os.close(writes)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("analytics",), 1, "There are no figures of any month"),
        (("cleanup_old_data", "--days", "0"), 2, "is invalid: it expects"),
    ],
)
def test_failure_is_one_line_with_its_code(arguments, code, said):
    done = manage(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    [line] = done.stderr.splitlines()
    assert said in line
