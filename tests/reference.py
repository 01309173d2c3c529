"""Writes docs/reference.md from the code: ``python -m tests.reference``. What variables mean stands in .env.example."""

import argparse
import os
import re
import runpy
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import django
from celery import current_app
from django.conf import settings
from django.core.management import BaseCommand, get_commands, load_command_class

from waywo_site import environment
from waywo_site.schedules import defaults

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs/reference.md"
RENEW = ".venv/bin/python -m tests.reference"
APPS = ("core", "comments", "projects", "ideas", "waywo_site")
VARIABLE = re.compile(r"((?:^# .*\n)+?)^# ([A-Z_]+)=", re.MULTILINE)

HEAD = f"""# Reference

Made from the code by `{RENEW}`; a test compares. Do not edit by hand.

- [Commands](#commands)
- [Tasks](#tasks)
- [Queues](#queues)
- [Default schedules](#default-schedules)
- [Variables](#variables)
- [Endpoints](#endpoints)
"""
COMMANDS = """## Commands

Run them as `.venv/bin/python manage.py NAME`. Each works alone: it starts the servers that it needs, and stops
them at its end when nobody else uses them. `--help` shows the options of Django too.

*Jobs* do the work of a task in this process, with a progress bar and without a worker. `--queue` hands the work to the
workers, `--queue --wait` follows it there. `--json` prints the result as one JSON object on the last line.
The exit code is 0 only when all went well.

Of Django and its apps: `changepassword NAME`, `createsuperuser`, `migrate`, `axes_reset` (ends the wait after wrong
passwords), and `check --deploy` (names wrong settings, and asks the model servers whether they have the model).
"""
TASKS = """## Tasks

Schedules run them, with arguments from the form under *Schedules* in the admin. Arguments are keywords.
"""
QUEUES = """## Queues

A task is told to stop at the soft limit and ended at the hard one. These are a queue's, for the tasks that have none of
their own (`waywo_site/task_table.py`).
`priority` takes what a person asks for, so that it overtakes a backlog.

| queue | soft limit | hard limit | tasks |
| --- | --- | --- | --- |
"""
SCHEDULES = """## Default schedules

Put in once each (`waywo_site/schedules/defaults.py`): what you change or delete stays so. Times are in UTC.

| schedule | task | when | what for |
| --- | --- | --- | --- |
"""
VARIABLES = """## Variables

All may stay unset. A bad value stops the start with a line that names the variable. A file `.env` is read where there
is one (`ENV_FILE` names another); the environment goes first. `FLOWER_ADDRESS` and `FLOWER_PORT` are read by a Flower
that you start yourself.

| variable | default | what it is |
| --- | --- | --- |
"""
COMPOSE = """
Of `docker-compose.yml` alone:

| variable | default | what it is |
| --- | --- | --- |
"""
ENDPOINTS = """## Endpoints

[The API](api.md) says how to use them, and which scope a token needs; `/api/docs` has parameters and answers.

| endpoint | token | what it does |
| --- | --- | --- |
"""


def build() -> str:
    """Return the whole page."""
    return "\n".join((HEAD, _commands(), _tasks(), _queues(), _schedules(), _variables(), _endpoints()))


def commands() -> dict[str, BaseCommand]:
    """Return our own commands by name."""
    return {name: load_command_class(app, name) for name, app in sorted(get_commands().items()) if app in APPS}


def _options(command: BaseCommand) -> list[argparse.Action]:
    """Return the options that ``command`` adds to those of every command of Django."""
    common = {action.dest for action in BaseCommand().create_parser("", "")._actions}
    return [action for action in command.create_parser("", "")._actions if action.dest not in common]


def _commands() -> str:
    from core.commands import JobCommand

    lines = [COMMANDS]
    of_jobs = {"json", "queue", "wait"}
    for name, command in commands().items():
        is_job = isinstance(command, JobCommand)
        lines.append(f"### `{name}`\n\n{command.help}{' *Job.*' if is_job else ''}\n")
        shown = [action for action in _options(command) if not (is_job and action.dest in of_jobs)]
        lines.extend(f"- `{_shape(action)}`: {action.help}" for action in shown)
        if shown:
            lines.append("")
    return "\n".join(lines)


def _shape(action: argparse.Action) -> str:
    """Return an option as one types it: ``--limit LIMIT``."""
    value = action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper())
    value = " ".join(value) if isinstance(value, tuple) else value
    value += " …" if action.nargs in ("*", "+") else ""
    if not action.option_strings:
        return value
    return ", ".join(action.option_strings) + ("" if action.nargs == 0 else f" {value}")


def _tasks() -> str:
    from waywo_site.schedules import arguments

    current_app.loader.import_default_modules()
    lines = [TASKS]
    for name, row in settings.TASKS.items():
        task = current_app.tasks[name]
        limits = f"Limits: {row.soft} s soft, {row.hard} s hard; tried again {row.retries} times at most."
        lines.append(f"### `{name}` (task)\n\n{arguments.summary(task)} Queue: `{row.queue}`. {limits}\n")
        taken = arguments.arguments(task)
        for argument in taken:
            default = "" if argument.is_required or argument.default is None else f"; default {argument.default}"
            needed = "; needed" if argument.is_required else ""
            lines.append(f"- `{argument.name}` ({argument.expects}{needed}{default}): {argument.help}")
        if taken:
            lines.append("")
    return "\n".join(lines)


def _queues() -> str:
    rows = ""
    for queue, (soft, hard) in settings.QUEUE_TIME_LIMITS.items():
        tasks = ", ".join(f"`{task}`" for task, its_queue in settings.TASK_QUEUES.items() if its_queue == queue)
        rows += f"| `{queue}` | {soft} s | {hard} s | {tasks} |\n"
    return QUEUES + rows


def _schedules() -> str:
    rows = ""
    for each in defaults.DEFAULTS:
        given = "" if each.kwargs == "{}" else f" `{each.kwargs}`"
        rows += f"| {each.name} | `{each.task}`{given} | `{each.crontab}` | {each.description} |\n"
    return SCHEDULES + rows


def variables() -> dict[str, tuple[str, str]]:
    """Return each variable that the settings read: its default, and what it expects."""
    found = {}
    read = environment._read

    def note(name: str, default: Any, parse: Callable[[str], Any], expects: str) -> Any:
        found[name] = (_words(default, folder), "" if expects == "text" else expects)
        return read(name, default, parse, expects)

    with tempfile.TemporaryDirectory() as folder:
        alone = {"VAR_DIR": folder, "ENV_FILE": os.devnull, "SECRET_KEY": "x"}
        with mock.patch.dict(os.environ, alone, clear=True), mock.patch.object(environment, "_read", note):
            runpy.run_path(str(ROOT / "waywo_site/settings.py"))
    return found


def _words(default: Any, var_dir: str) -> str:
    """Return a default as one types it; empty where there is none."""
    if isinstance(default, list):
        return ",".join(default)
    if isinstance(default, bool):
        return str(default).lower()
    return "" if default is None else str(default).replace(var_dir, "VAR_DIR").removeprefix(f"{ROOT}/")


def described() -> tuple[dict[str, str], dict[str, str]]:
    """Return what .env.example says of each variable: of Waywo's, and of the compose file's own."""
    ours, compose = (ROOT / ".env.example").read_text().split("# For docker-compose.yml alone:\n")
    return _described(ours), _described(compose)


def _described(text: str) -> dict[str, str]:
    return {name: " ".join(words.replace("# ", "").split()) for words, name in VARIABLE.findall(text)}


def _variables() -> str:
    read, (ours, compose) = variables(), described()
    composed = dict(re.findall(r"\$\{([A-Z_]+):-(.*?)\}", (ROOT / "docker-compose.yml").read_text()))
    rows = ""
    for name, words in ours.items():
        default, expects = read[name]
        rows += _row(name, default, f"{words} Expects {expects}." if expects else words)
    return VARIABLES + rows + COMPOSE + "".join(_row(name, composed.get(name, ""), compose[name]) for name in compose)


def _row(name: str, default: str, words: str) -> str:
    return f"| `{name}` | {f'`{default}`' if default else 'none'} | {words} |\n"


def _endpoints() -> str:
    from waywo_site.api import api

    rows = ""
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, endpoint in methods.items():
            token = "yes" if endpoint.get("security") else "no"
            rows += f"| `{method.upper()} {path}` | {token} | {endpoint['description']} |\n"
    return ENDPOINTS + rows


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "waywo_site.settings")
    django.setup()
    REFERENCE.write_text(build())
