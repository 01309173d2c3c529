"""What a backlog costs: ``.venv/bin/python -m pytest -s tests/benchmarks/backlog.py``.

``BACKLOG`` (10,000) comments are dispatched as ``process_waywo_comments`` does it, followed, read by one worker of two
processes until ``READ_BEFORE`` (100) are done, and cancelled; a comment sent by ``priority`` overtakes them. Of each
step: seconds, memory, and what is left. Both numbers are variables of the environment.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta

import psutil
import pytest
from celery import current_app
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Count
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_celery_results.models import TaskResult
from redis import Redis

from comments.models import Comment
from core.jobs import cancelling, following, sending
from core.models import Batch, BatchTask
from tests.benchmarks.figures import figure
from tests.factories import POSTED_AT, make_comment, make_post
from tests.servers.processes import ROOT, Worker, environment
from tests.waiting import wait_until
from waywo_site.running.queues import depth

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]
BACKLOG = int(os.environ.get("BACKLOG", "10000"))
READ_BEFORE = int(os.environ.get("READ_BEFORE", "100"))
FIRST_ID = 60_000_000

DISPATCHED = r"""
import django, json, re, time
django.setup()
from django.db import connection
from projects.extraction.choosing import queue_comments
connection.ensure_connection()
queries = 0
def count(execute, *arguments):
    global queries
    queries += 1
    return execute(*arguments)
connection.execute_wrappers.append(count)
def peak():
    # Not getrusage: what the parent of a forked process had counts there.
    return int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1]) / 1024
before = peak()
started, cpu_before = time.monotonic(), time.process_time()
batch = queue_comments()
told = {"seconds": time.monotonic() - started, "cpu": time.process_time() - cpu_before, "queries": queries}
print(json.dumps(told | {"group_id": batch.group_id, "total": batch.total, "mib": peak(), "more": peak() - before}))
"""


def some_comments(number: int) -> None:
    """Save comments that wait to be read."""
    post = make_post()
    text = "I build Thing {0} (https://t{0}.example), a static site generator in Rust."
    rows = (
        Comment(
            id=FIRST_ID + place,
            source_id=str(FIRST_ID + place),
            post=post,
            author=f"a{place}",
            text=text.format(place),
            posted_at=POSTED_AT + timedelta(seconds=place),
        )
        for place in range(number)
    )
    Comment.objects.bulk_create(rows, batch_size=1000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE comments_comment")  # as the server does by itself, soon after


def dispatched() -> Batch:
    """Dispatch all of them in a process of its own, and print what that took."""
    with Redis.from_url(settings.EMBEDDED_VALKEY.url) as valkey:
        before = valkey.info("memory")["used_memory"]
        command = [sys.executable, "-c", DISPATCHED]
        env = environment(DJANGO_SETTINGS_MODULE="waywo_site.settings")
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout.splitlines()[-1])
        held = (valkey.info("memory")["used_memory"] - before) / 2**20
    print(
        f"\n{told['total']:,} dispatched in {told['seconds']:.1f} s ({told['cpu']:.1f} of processor) by "
        f"{told['queries']:,} queries, {told['mib']:.0f} MiB at most (+{told['more']:.0f}); "
        f"{depth('extraction'):,} messages in the broker, {held:.0f} MiB"
    )
    figure("a backlog dispatched", told["seconds"], "s")
    figure("memory of its dispatcher, added", told["more"], "MiB")
    figure("memory of its messages", held, "MiB")
    assert told["total"] == depth("extraction") == BACKLOG
    return following.batch_of(told["group_id"])


def took(what: str, call: Callable[[], object]) -> float:
    """Print and return the seconds that a call takes, beside its queries."""
    with CaptureQueriesContext(connection) as queries:
        started = time.monotonic()
        result = call()
        seconds = time.monotonic() - started
    size = f", {len(result.content):,} bytes" if hasattr(result, "content") else ""
    print(f"  {what}: {1000 * seconds:.0f} ms, {len(queries)} queries{size}")
    figure(f"{what} of a backlog", 1000 * seconds, "ms")
    return seconds


def followed(batch: Batch) -> None:
    """Print what those cost who follow it."""
    operator = Client()
    operator.force_login(
        get_user_model().objects.get_or_create(username="operator", is_staff=True, is_superuser=True)[0]
    )
    paths = {
        "page": reverse("admin:core_batch_change", args=[batch.pk]),
        "progress of the page": reverse("admin:core_batch_progress", args=[batch.pk]),
        "list of tasks": f"{reverse('admin:core_batchtask_changelist')}?batch__group_id__exact={batch.pk}",
        "list of batches": reverse("admin:core_batch_changelist"),
        "API": f"/api/batches/{batch.pk}",
    }
    for what, path in paths.items():
        operator.get(path)  # what a process loads once
        took(what, lambda path=path: operator.get(path))
    took("progress_of", lambda: following.progress_of(batch.group_id))


def memory_of(worker: Worker) -> float:
    """Return the largest resident set of a worker's processes in MiB."""
    main = psutil.Process(worker.process.pid)
    return max(one.memory_info().rss for one in (main, *main.children())) / 2**20


def test_a_backlog_is_dispatched_followed_overtaken_and_cancelled(tmp_path):
    some_comments(BACKLOG)
    batch = dispatched()
    followed(batch)
    urgent = make_comment(posted_at=POSTED_AT - timedelta(days=1)).pk
    with Worker(tmp_path, processes=2) as worker:
        wait_until(lambda: following.progress_of(batch.group_id).done >= READ_BEFORE, "they are read", 3600)
        sent = time.monotonic()
        task_id = sending.send("process_waywo_comment", {"comment_id": urgent}, queue="priority")
        wait_until(lambda: following.task_state(task_id).is_finished, "the urgent one is read", 120)
        print(f"one sent by priority was read after {time.monotonic() - sent:.1f} s: {following.progress_of(batch.pk)}")
        followed(batch)
        seconds = took("cancelling", lambda: cancelling.cancel_batch(batch.group_id))
        figure("a backlog cancelled", seconds, "s")
        started = time.monotonic()
        wait_until(lambda: not depth("extraction"), "its messages are gone", 3600)
        wait_until(lambda: following.progress_of(batch.group_id).running == 0, "the last ones end", 120)
        drained = time.monotonic() - started
        print(f"its messages were gone {drained:.1f} s later; {memory_of(worker):.0f} MiB the largest process")
        figure("its messages gone after", drained, "s")
    followed(batch)
    left = {str(row["status"]): row["count"] for row in _counted(BatchTask)}
    comments = {str(row["status"]): row["count"] for row in _counted(Comment)}
    aside = Comment.objects.were_set_aside().count()
    print(f"rows left: tasks {left}; comments {comments}, {aside:,} set aside; results {TaskResult.objects.count()}")
    assert set(left) == {"SUCCESS", "REVOKED"}
    assert left["SUCCESS"] + left["REVOKED"] == BACKLOG
    # None is lost, and none left claimed: what was not read waits until somebody asks for it.
    assert comments == {"processed": left["SUCCESS"] + 1, "pending": left["REVOKED"]}
    assert aside == left["REVOKED"]
    assert current_app.control.purge() == 0


def _counted(model: type) -> list[dict]:
    return list(model.objects.order_by().values("status").annotate(count=Count("pk")))
