"""A task by its name from a shell, one process alone, and what the processes print."""

import json
import subprocess
import sys

import pytest

from core.jobs import following
from tests.servers.processes import ROOT, command, end, environment
from tests.servers.web import free_port
from tests.waiting import wait_until
from waywo_site.embedded.ports import is_free
from waywo_site.running.log_file import LARGEST, LogFile, log_file
from waywo_site.running.queues import depth

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["nothing"], "No task is called 'nothing': it expects one of"),
        (["generate_ideas", "--args", "[]"], "--args='[]' is invalid: it expects a JSON object"),
        (["generate_ideas", "--args", "{"], "--args='{' is invalid"),
        (["generate_ideas", "--args", '{"num_ideas": 0}'], "num_ideas=0 is invalid: it expects a whole number, 1 to"),
        (["generate_ideas", "--args", '{"ideas": 1}'], "ideas is not an argument of generate_ideas"),
        (["generate_ideas", "--timeout", "5"], "--timeout goes with --wait."),
    ],
)
def test_what_cannot_be_sent_is_named_and_nothing_is_sent(given, said):
    done = command("run_task", *given)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert depth("generation") == 0


def test_a_task_is_sent_and_followed_for_so_long_as_is_asked():
    done = command("run_task", "cleanup_old_data", "--args", '{"days": 30}', "--json")
    task_id = json.loads(done.stdout)["task_id"]
    assert following.task_state(task_id).name == "cleanup_old_data"
    for name in (["task_status", task_id], ["run_task", "health_check"]):
        done = command(*name, "--wait", "--timeout", "1")
        assert done.returncode == 1
        assert "has not ended within the time that --timeout gives. It goes on." in done.stderr
    assert "--timeout goes with --wait." in command("task_status", task_id, "--timeout", "1").stderr


def test_make_hands_on_what_it_is_given():
    made = [
        "make",
        "--dry-run",
        "--no-print-directory",
        "task",
        "NAME=generate_ideas",
        'ARGS={"num_ideas": 2}',
        "POLL=1",
    ]
    shown = subprocess.run(made, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert 'run_task "$NAME" ${ARGS:+--args "$ARGS"} ${POLL:+--wait}' in shown


@pytest.mark.parametrize("name", ["web", "beat"])
def test_one_process_runs_alone_and_ends_when_it_is_told_to(name, tmp_path):
    log, port = tmp_path / "log", free_port()

    def works() -> bool:
        assert process.poll() is None, log.read_text()
        return "This beat leads" in log.read_text() if name == "beat" else not is_free(port)

    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "run_process", name],
            cwd=ROOT,
            env=environment(PORT=str(port), VAR_DIR=str(tmp_path)),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until(works, f"{name} starts", 120)
    finally:
        end(process)
    assert process.returncode == 0


def test_lines_are_kept_and_shown_and_a_full_file_begins_anew(tmp_path, settings):
    settings.VAR_DIR = tmp_path
    assert "was not started with this VAR_DIR" in command("logs", VAR_DIR=tmp_path).stderr
    file = log_file(tmp_path)
    kept = LogFile(file)
    for number in range(3):
        kept.write(f"line {number}")
    shown = command("logs", "--lines", "2", VAR_DIR=tmp_path).stdout.splitlines()
    assert [line.partition(" line ")[2] for line in shown] == ["1", "2"]
    with file.open("a") as grown:
        grown.truncate(LARGEST + 1)
    kept.write("line 3")
    assert file.read_text().endswith(" line 3\n")
    assert file.stat().st_size < 100 < file.with_suffix(".log.1").stat().st_size
