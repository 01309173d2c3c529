"""A worker killed with -9 in each phase of a thread's run: nothing is lost, nothing twice, and there is one result."""

import time
from contextlib import ExitStack

import pytest
from django.db import connection

from comments.models import Comment
from core.jobs import following, sending
from core.models import Batch, BatchTask
from projects.models import Analytics, Extraction, ThreadRun
from projects.threads import phases
from tests.faults.test_killed import locked
from tests.servers.hackernews import HackerNewsServer
from tests.servers.processes import Worker
from tests.servers.threads import generate_thread
from tests.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]

COMMENTS = 24
PATIENCE = 300  # seconds, of a machine that does much else
# The table that is held still for each phase, so that a worker is killed in the middle of it.
HELD = {
    "opening the run": ThreadRun._meta.db_table,
    "collecting": Comment._meta.db_table,
    "reading": "projects_submission",
    "updating the figures": Analytics._meta.db_table,
}


@pytest.mark.parametrize("phase", [*HELD, "between two looks"])
def test_a_worker_killed_in_any_phase_costs_nothing(phase, tmp_path):
    items = generate_thread(COMMENTS, seed=4, deleted=0, dead=0)
    with HackerNewsServer(items) as server, ExitStack() as held_open:
        served = {"HN_API_BASE_URL": server.item_api, "HN_SEARCH_BASE_URL": server.search_api}
        task_id = sending.send(phases.TASK, {"post": str(items[0]["id"])})
        if table := HELD.get(phase):
            held_open.enter_context(locked(table))
        with Worker(tmp_path, processes=1, **served) as worker:
            wait_until(lambda: is_in(phase), f"it is {phase}", PATIENCE)
            worker.kill()
            killed = time.monotonic()
            held_open.close()
            worker.start()
            wait_until(lambda: following.task_state(task_id).is_finished, "the run ends", PATIENCE)
            seconds = time.monotonic() - killed
    state = following.task_state(task_id)
    assert state.status == "SUCCESS", state.error
    lost = COMMENTS - Comment.objects.filter(status="processed").count()
    succeeded = Extraction.objects.filter(status=Extraction.Status.SUCCEEDED).count()
    print(f"kill -9 while {phase}: lost {lost}, twice {succeeded - COMMENTS}, ended {seconds:.0f} s later")
    assert (lost, succeeded) == (0, COMMENTS)
    # A phase is begun once, whatever was killed.
    assert list(Batch.objects.order_by("created_at").values_list("task_name", flat=True)) == [
        *("process_waywo_post", "process_waywo_comment", "generate_analytics")
    ]
    run = ThreadRun.objects.get()
    assert (run.status, run.result, run.task_id) == ("success", state.result, task_id)
    assert (state.result["comments"], state.result["processed"]) == (COMMENTS, COMMENTS)
    assert not BatchTask.objects.open().exists()


def is_in(phase: str) -> bool:
    """Whether a worker stands still in the middle of a phase; between two looks it is at nothing of the run."""
    if phase == "between two looks":
        return BatchTask.objects.filter(batch__task_name="process_waywo_comment", status="SUCCESS").exists()
    return waits_for(HELD[phase])


def waits_for(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE relation = %s::regclass AND NOT granted", [table])
        return cursor.fetchone() is not None
