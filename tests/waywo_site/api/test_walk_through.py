"""Every line of docs/api.md, as a reader would run it: curl against a live server with a real worker."""

import json
import re
import shutil
import subprocess

import pytest

from comments.collecting import collect_sample
from projects.models import Project
from tests.servers.processes import ROOT, Worker, environment
from tests.servers.web import BOOTSTRAP

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_walk_through_of_the_documentation_runs_on_the_sample_thread_without_hacker_news(web, tmp_path):
    collect_sample()  # as a first start does
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", (ROOT / "docs/api.md").read_text(), re.DOTALL))
    lines = lines.replace("http://localhost:8000", web.url).replace("waywo_…", BOOTSTRAP)
    lines = lines.replace(".venv/bin/python manage.py", f"{ROOT}/.venv/bin/python {ROOT}/manage.py")
    assert lines.count("curl ") > 12
    with Worker(tmp_path, HN_API_BASE_URL="http://127.0.0.1:9/closed"):
        done = subprocess.run(
            ["bash", "-e", "-u", "-o", "pipefail", "-x", "-c", lines],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=120,
        )
    print(done.stdout, done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    exported = [json.loads(line) for line in (tmp_path / "projects.jsonl").read_text().splitlines()]
    assert len(exported) == Project.objects.published().count() > 5
    assert done.stdout.rstrip().endswith("304")
