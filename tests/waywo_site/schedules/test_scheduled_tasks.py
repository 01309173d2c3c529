"""Every task that a default schedule sends, through a real worker: a command or a call may do what a task cannot."""

import json

import pytest
from celery.result import AsyncResult
from django_celery_results.models import TaskResult

from core.jobs import sending
from projects.models import Analytics
from tests.factories import make_comment, make_post
from tests.servers.hackernews import HackerNewsServer
from tests.servers.processes import Worker
from tests.servers.threads import generate_thread
from tests.waiting import wait_until
from waywo_site.schedules.defaults import DEFAULTS

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]

TEXT = "I am building Foo (https:&#x2F;&#x2F;foo.example), a static site generator written in Rust."


def test_every_default_schedule_ends_well_in_a_worker(tmp_path):
    items = generate_thread(3, seed=1)
    make_comment(TEXT, post=make_post(id=items[0]["id"]))
    with (
        HackerNewsServer(items) as server,
        Worker(
            tmp_path,
            HN_API_BASE_URL=server.item_api,
            HN_SEARCH_BASE_URL=server.search_api,
            BACKUP_DIR=str(tmp_path / "backups"),
        ),
    ):
        sent = {
            default.name: sending.send(default.task, json.loads(default.kwargs), periodic_task_name=default.name)
            for default in DEFAULTS
        }
        for name, task_id in sent.items():
            wait_until(AsyncResult(task_id).ready, f"“{name}” ends", 60)
    results = TaskResult.objects.filter(task_id__in=sent.values())
    assert {row.periodic_task_name: (row.status, row.result) for row in results if row.status != "SUCCESS"} == {}
    assert results.count() == len(DEFAULTS)
    assert Analytics.objects.exists()
