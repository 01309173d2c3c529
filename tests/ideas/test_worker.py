"""Ideas by real workers and commands: what a killed run leaves, whom they call, what they load."""

import json
import os
import signal
import subprocess
import sys

import psutil
import pytest
from celery.result import AsyncResult
from django.conf import settings

from core.jobs import cancelling, following, repeating, sending
from ideas.models import IdeaRun
from projects.models import Project
from tests.factories import make_project
from tests.servers.ideas import inventor, prose, question
from tests.servers.llm import LLMServer
from tests.servers.processes import ROOT, Worker, command, environment, manage
from tests.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]

# Notes every address that Python asks for or connects to; what is not loopback is refused.
GUARD = """
import ipaddress, os, socket
def noted(host):
    with open(os.environ["GUARD_FILE"], "a") as file:
        file.write(f"{host}\\n")
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host in ("localhost", None)
    if not local:
        raise OSError(f"the network is shut: {host}")
real_connect, real_lookup = socket.socket.connect, socket.getaddrinfo
def connect(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6):
        noted(address[0])
    return real_connect(self, address)
def lookup(host, *rest, **named):
    noted(host.decode() if isinstance(host, bytes) else host)
    return real_lookup(host, *rest, **named)
socket.socket.connect, socket.getaddrinfo = connect, lookup
"""


def slow_server(hang: float) -> LLMServer:
    answer = inventor()

    def slowly(request):
        says = answer(request)
        says.hang = hang if question(request) != "ready" else 0
        return says

    return LLMServer(otherwise=slowly)


def model_of(server: LLMServer) -> dict[str, str]:
    return {"LLM_BASE_URL": server.url, "LLM_MODEL": "scripted"}


def result_of(task_id: str):
    return wait_until(lambda: AsyncResult(task_id).ready() and AsyncResult(task_id).result, "the task ends", 120)


def test_a_worker_makes_ideas_and_calls_nobody_but_the_model(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(GUARD)
    guard_file = tmp_path / "addresses"
    with LLMServer(otherwise=inventor()) as server:
        variables = {"PYTHONPATH": f"{tmp_path}:{ROOT}", "GUARD_FILE": str(guard_file), "HOME": str(tmp_path)}
        with Worker(tmp_path, processes=1, **variables, **model_of(server)):
            task_id = sending.send("generate_ideas", {"num_ideas": 3})
            result = result_of(task_id)
    assert (result["status"], result["num_saved"], result["errors"]) == ("success", 3, [])
    addresses = set(guard_file.read_text().split())
    assert "127.0.0.1" in addresses
    assert addresses <= {"127.0.0.1", "localhost", "::1"}
    assert not (tmp_path / ".data-designer").exists(), "nothing is written to the user's home"
    assert not any("X-Title" in json.dumps(request) for request in server.requests)
    assert IdeaRun.objects.get(task_id=task_id).status == "success"


def test_a_worker_killed_while_generating_goes_on_and_makes_nothing_twice(tmp_path):
    with slow_server(0.3) as server, Worker(tmp_path, processes=1, **model_of(server)) as worker:
        task_id = sending.send("generate_ideas", {"num_ideas": 12})
        wait_until(lambda: Project.objects.count() >= 2, "two ideas are saved", 90)
        kept = set(Project.objects.values_list("pk", flat=True))
        [child] = psutil.Process(worker.process.pid).children()
        os.kill(child.pid, signal.SIGKILL)
        result = result_of(task_id)
    run = IdeaRun.objects.get()
    assert (run.attempts, run.status, run.task_id) == (2, "success", task_id)
    assert (result["status"], result["num_saved"]) == ("success", 12)
    assert kept <= set(result["project_ids"])
    titles = list(Project.objects.values_list("title", flat=True))
    assert len(titles) == len(set(titles)) == 12
    assert not list((settings.VAR_DIR / "ideas").glob("run-*"))


def test_ideas_that_are_being_made_are_ended_what_was_saved_stays_and_the_rest_is_made_later(tmp_path):
    with slow_server(0.3) as server, Worker(tmp_path, processes=1, **model_of(server)) as worker:
        task_id = sending.send("generate_ideas", {"num_ideas": 12})
        wait_until(lambda: Project.objects.count() >= 2, "two ideas are saved", 240)
        assert cancelling.cancel(task_id, running=True).status == "REVOKED"
        run = IdeaRun.objects.get()
        assert (run.status, run.errors) == ("partial", ["It was cancelled. What it had finished is kept."])
        other = sending.send("generate_analytics", {})
        wait_until(lambda: following.task_state(other).is_finished, "its process is at something else", 240)
        kept = set(Project.objects.values_list("pk", flat=True))
        assert 2 <= len(kept) < 12
        again = repeating.run_again(task_id)
        result = result_of(again)
        assert "Traceback" not in worker.log
    assert (result["status"], result["num_saved"]) == ("success", 12)
    assert kept <= set(result["project_ids"])
    assert not list((settings.VAR_DIR / "ideas").glob("run-*"))


def test_a_command_killed_while_generating_keeps_what_was_finished_and_runs_again(tmp_path):
    with slow_server(0.3) as server:
        command = subprocess.Popen(
            [sys.executable, "manage.py", "generate_ideas", "--num-ideas", "10"],
            cwd=ROOT,
            env=environment(**model_of(server)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: Project.objects.count() >= 2, "two ideas are saved", 90)
        command.kill()
        command.wait()
        kept = Project.objects.count()
        assert IdeaRun.objects.get().ideas.count() == kept < 10, "each has its lineage"
        again = manage("generate_ideas", "--num-ideas", "3", "--json", **model_of(server))
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout.splitlines()[-1])["num_saved"] == 3
    titles = list(Project.objects.values_list("title", flat=True))
    assert len(titles) == len(set(titles)) == kept + 3


def test_two_runs_at_once_do_not_both_save_one_idea():
    with LLMServer(otherwise=inventor(idea=lambda _: prose("bird calls"))) as server:
        commands = [
            subprocess.Popen(
                [sys.executable, "manage.py", "generate_ideas", "--num-ideas", "2"],
                cwd=ROOT,
                env=environment(**model_of(server)),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for _ in range(2)
        ]
        codes = {command.wait(timeout=120) for command in commands}
    assert codes == {1}, "neither has as many as it was asked for"
    assert Project.objects.count() == 1
    assert sorted(IdeaRun.objects.values_list("status", flat=True)) == ["failed", "partial"]


def test_the_command_shows_what_would_be_combined_and_asks_nobody():
    done = command("generate_ideas", "--tags", "rust,education", "--dry-run", "--json")
    result = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 0
    assert {frozenset(tags) for tags in result["combinations"]} == {frozenset({"rust", "education"})}
    assert not IdeaRun.objects.exists()
    shown = command("generate_ideas", "--dry-run", "--num-ideas", "2")
    assert "starter list" in shown.stdout
    assert len([line for line in shown.stdout.splitlines() if " + " in line]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--num-ideas", "0"), "num_ideas=0 is invalid: it expects a whole number from 1 to 50."),
        (("--num-ideas", "51"), "num_ideas=51 is invalid"),
        (("--num-ideas", "many"), "--num-ideas='many' is invalid"),
        (("--creativity", "9"), "creativity=9.0 is invalid: it expects a number from 0.1 to 1.5."),
        (("--creativity", "nan"), "creativity=nan is invalid"),
        (("--tags", "rusty"), "No project has the tag 'rusty'. Did you mean rust?"),
        ((), "LLM_BASE_URL is not set. Run one on this machine"),
    ],
)
def test_the_command_refuses_in_one_line(arguments, message):
    done = command("generate_ideas", *arguments)
    assert done.returncode != 0
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_task_without_a_language_model_fails_with_the_way_out(tmp_path):
    waiting = IdeaRun.objects.create(num_ideas=1, task_id="x")
    with Worker(tmp_path, processes=1):
        waiting.task_id = sending.send("generate_ideas", {"num_ideas": 1})
        waiting.save()
        result_of(waiting.task_id)
        assert "LLM_BASE_URL is not set" in following.task_state(waiting.task_id).error
    waiting.refresh_from_db()
    assert waiting.status == "failed"


def test_ideas_are_left_out_of_exports_and_counts_where_real_projects_are_asked_for():
    make_project(title="Real")
    make_project(title="Thought of", source="nemo_data_designer")
    for source, title in (("hn", "Real"), ("nemo_data_designer", "Thought of")):
        done = command("export_projects", "--source", source)
        assert [json.loads(line)["title"] for line in done.stdout.splitlines()] == [title]
    assert len(command("export_projects").stdout.splitlines()) == 2
