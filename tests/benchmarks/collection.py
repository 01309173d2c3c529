"""What collecting a thread costs: ``.venv/bin/python -m pytest -s tests/benchmarks/collection.py``.

A thread of ``COMMENTS`` (1000) comments at ``LATENCY_MS`` (50) a request: the item API one by one, the item API in
parallel, Algolia first, and second looks at it. Of each: seconds, comments a second, processor time and peak memory of
the process that collects, requests, queries, and comments written. The server runs in a process of its own, and each
way in a fresh process; both numbers are variables of the environment.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from comments.models import Post
from tests.benchmarks.figures import figure
from tests.servers.processes import ROOT, environment
from tests.servers.threads import generate_thread

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]
COMMENTS = int(os.environ.get("COMMENTS", "1000"))
LATENCY_MS = int(os.environ.get("LATENCY_MS", "50"))

MEASURED = r"""
import django, json, re, sys, time
django.setup()
from django.db import connection
from comments.collecting import collect_post
from comments.due_threads import threads_to_collect
connection.ensure_connection()
# Once in the life of a worker, so it is no part of what a thread costs.
import aiohttp
def peak():
    # Not getrusage: what the parent of a forked process had counts there.
    return int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1]) / 1024
queries = 0
def count(execute, *arguments):
    global queries
    queries += 1
    return execute(*arguments)
connection.execute_wrappers.append(count)
before = peak()
started, cpu_before = time.monotonic(), time.process_time()
if sys.argv[2] == "scheduled":
    due = [thread for thread in threads_to_collect()[0] if thread.post_id == int(sys.argv[1])]
    result = [collect_post(thread.post_id) for thread in due]
else:
    result = [collect_post(int(sys.argv[1]))]
seconds, cpu = time.monotonic() - started, time.process_time() - cpu_before
saved = sum(collected.comments_saved for collected in result)
looked = saved + sum(collected.comments_skipped + collected.comments_updated for collected in result)
told = {"seconds": seconds, "saved": saved, "looked": looked, "cpu": cpu, "queries": queries}
print(json.dumps(told | {"mib": peak(), "more": peak() - before}))
"""


class Server:
    """The loopback Hacker News in a process of its own, so that it takes no time from who is measured."""

    def __init__(self, items: Path) -> None:
        self.command = [sys.executable, "-m", "tests.servers.hackernews", "--items", str(items)]
        self.command += ["--latency", str(LATENCY_MS / 1000)]

    def __enter__(self) -> "Server":
        self.process = subprocess.Popen(self.command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.requests_when_stopped()

    def requests_when_stopped(self) -> int:
        """Stop it and return how many requests it has answered."""
        self.process.send_signal(signal.SIGTERM)
        said = self.process.communicate(timeout=30)[0]
        return int(re.search(r"(\d+) requests over", said)[1])


def measure(what: str, items: list[dict], folder: Path, how: str = "asked", **variables: str) -> dict:
    path = folder / "items.jsonl"
    path.write_text("\n".join(json.dumps(item) for item in items))
    with Server(path) as server:
        search = variables.pop("search", f"{server.url}/api/v1")
        env = environment(HN_API_BASE_URL=f"{server.url}/v0", HN_SEARCH_BASE_URL=search, **variables)
        env["DJANGO_SETTINGS_MODULE"] = "waywo_site.settings"
        command = [sys.executable, "-c", MEASURED, str(items[0]["id"]), how]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout.splitlines()[-1]) | {"requests": server.requests_when_stopped()}
    print(
        f"{what:<28} {result['seconds']:7.2f} s ({result['cpu']:.1f} of processor) "
        f"{result['looked'] / result['seconds']:6.0f} a second {result['requests']:6} requests "
        f"{result['queries']:5} queries {result['saved']:6} written "
        f"{result['mib']:6.0f} MiB at most (+{result['more']:.0f})"
    )
    figure(f"{what}, processor time", result["cpu"], "s")
    figure(f"{what}, peak memory", result["mib"], "MiB")
    return result


def test_collection(tmp_path):
    posted_at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
    items = generate_thread(COMMENTS, posted_at=posted_at, deleted=0, dead=0)
    print(f"\n{COMMENTS} comments, {LATENCY_MS} ms a request")
    closed = "http://127.0.0.1:9/closed"
    alone = measure("item API one by one", items, tmp_path, search=closed, HN_CONCURRENCY="1")
    Post.objects.all().delete()
    parallel = measure("item API in parallel (20)", items, tmp_path, search=closed)
    Post.objects.all().delete()
    copy = measure("Algolia first", items, tmp_path)
    last = max(item["id"] for item in items)
    new = [items[1] | {"id": last + number, "time": int(time.time()) - 60} for number in range(1, 11)]
    grown = [items[0] | {"kids": [*items[0]["kids"], *(item["id"] for item in new)]}, *items[1:], *new]
    second = measure("second look, live, 10 new", grown, tmp_path, how="scheduled")
    Post.objects.update(settled_at=posted_at)
    settled = measure("second look, settled", grown, tmp_path, how="scheduled")
    print(f"in parallel {alone['seconds'] / parallel['seconds']:.1f} times as fast as one by one")
    assert second["saved"] == 10
    assert settled["requests"] == 0
    assert copy["requests"] < 5
