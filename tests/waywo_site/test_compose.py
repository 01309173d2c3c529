"""The compose file: what it promises, and that each of our services' commands is one that starts."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from tests.servers.processes import end, environment
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if service.get("build")}


def test_every_queue_is_served_and_there_is_one_beat():
    served = set()
    for name, service in OURS.items():
        if name.startswith("worker"):
            command = service["command"]
            served |= set(command[command.index("--queues") + 1].split(","))
    assert served == set(settings.QUEUE_TIME_LIMITS)
    assert "deploy" not in OURS["beat"]
    assert COMPOSE["services"]["phoenix"]["profiles"] == ["tracing"]


def test_no_port_is_open_to_strangers_and_no_password_has_a_default():
    for service in COMPOSE["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("POSTGRES_PASSWORD", "SECRET_KEY", "FLOWER_BASIC_AUTH"):
        assert re.search(rf"\$\{{{name}:\?", text)
        assert not re.search(rf"\$\{{{name}:-", text)


def test_every_variable_of_the_compose_file_can_be_read_from_env():
    example = (ROOT / ".env.example").read_text()
    known = set(re.findall(r"^#? ?([A-Z_]+)=", example, re.MULTILINE))
    assert set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text())) <= known


def test_every_variable_of_env_reaches_the_containers():
    """``.env`` is not in the image: what the compose file does not hand on does nothing, and says nothing."""
    example = (ROOT / ".env.example").read_text().partition("# For docker-compose.yml alone:")[0]
    fixed = {"VAR_DIR", "PORT", "DEBUG"}  # the image's own
    known = set(re.findall(r"^#? ?([A-Z_]+)=", example, re.MULTILINE))
    for service in OURS.values():
        assert known - fixed <= set(service["environment"])


@pytest.mark.process
def test_the_file_fits_the_schema_of_the_compose_specification():
    check = Path(sys.executable).with_name("check-jsonschema")
    command = [check, "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(not shutil.which("docker-compose"), reason="docker-compose is not installed: apt-get install it")
def test_docker_compose_takes_the_file():
    variables = {"POSTGRES_PASSWORD": "x", "SECRET_KEY": "x", "FLOWER_BASIC_AUTH": "a:b"}
    command = ["docker-compose", "--profile", "tracing", "config", "--quiet"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_image_is_built_as_its_linter_asks_and_not_run_by_root():
    done = subprocess.run([Path(sys.executable).with_name("hadolint"), "Dockerfile"], cwd=ROOT, capture_output=True)
    assert done.returncode == 0, done.stdout.decode()
    assert re.search(r"^USER [1-9]\d*$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_queues")
@pytest.mark.parametrize("name", sorted(set(OURS) - {"migrate"}))
@pytest.mark.process
def test_the_command_of_a_service_starts_as_a_plain_process(name, tmp_path):
    signs = {"web": "Listening at", "beat": "This beat leads", "flower": "Visit me at", "health": "Looks every 60 s"}
    command = [str(word) for word in OURS[name]["command"]]
    command = [word.replace("0.0.0.0:8000", "127.0.0.1:0").replace("0.0.0.0", "127.0.0.1") for word in command]
    command = ["--port=0" if word == "--port=5555" else word for word in command]
    program = [sys.executable, *command[1:]] if command[0] == "python" else [sys.executable, "-m", *command]
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            program,
            cwd=ROOT,
            env=environment(VAR_DIR=str(tmp_path / "var")),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        sign = signs.get(name, " ready.")
        wait_until(lambda: sign in log.read_text() or process.poll() is not None, f"{name} starts", 120)
        assert sign in log.read_text(), log.read_text()
    finally:
        end(process)
