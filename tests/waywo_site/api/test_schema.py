"""schemathesis calls every endpoint with what the OpenAPI document allows, and with what it does not."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from projects.models import Submission, Tag
from tests.factories import make_comment, make_project
from tests.servers.processes import ROOT
from tests.servers.web import BOOTSTRAP
from waywo_site.api import api

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]

HERE = Path(__file__).parent
EXAMPLES = 10  # for each endpoint, beside the edge cases of its parameters


def document(web) -> str:
    """Return the OpenAPI document without the one thing that no generator can make up: a place in a list.

    test_errors.py sends wrong cursors, test_reading.py right ones.
    """
    with web.client() as client:
        openapi = client.get("/api/openapi.json").json()
    for methods in openapi["paths"].values():
        for operation in methods.values():
            operation["parameters"] = [one for one in operation["parameters"] if one["name"] != "cursor"]
    return json.dumps(openapi)


def test_operations_that_moved_keep_the_names_that_generated_clients_call():
    paths = api.get_openapi_schema()["paths"]
    names = {operation["operationId"] for methods in paths.values() for operation in methods.values()}
    moved = ("get_task", "task_events", "cancel_task", "get_batch")
    assert names >= {f"comments_api_{name}" for name in moved}


def test_every_endpoint_keeps_what_the_document_says(web, tmp_path):
    (tmp_path / "openapi.json").write_text(document(web))
    for number in range(30):
        project = make_project(title=f"Foo {number}", idea_score=number % 10 + 1)
        project.tags.add(Tag.objects.get_or_create(name="rust")[0])
        Submission.objects.create(project=project, comment=make_comment(), text="x")
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")),
        *("run", str(tmp_path / "openapi.json"), "--url", web.url, "--header", f"Authorization: Bearer {BOOTSTRAP}"),
        *("--max-examples", str(EXAMPLES), "--request-timeout", "60", "--seed", "8", "--no-color"),
    ]
    before = len(web.log)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)
    summary = re.search(r"Test cases:.*?(?=\n\n|\Z)", done.stdout, re.DOTALL)
    print(summary[0] if summary else done.stdout)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
    assert summary
    assert "Traceback" not in web.log[before:], web.log[-5000:]
