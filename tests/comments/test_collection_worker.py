"""A worker that is killed in the middle of a large thread, and the limit that workers share."""

import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from comments.models import Comment
from core.jobs import cancelling, following, repeating, sending
from core.locks import host_slots
from tests.servers.hackernews import HackerNewsServer
from tests.servers.processes import Worker
from tests.servers.threads import generate_thread
from tests.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]
ADDRESS = "http://host.example/v0"


@pytest.mark.parametrize("killed", ["the process at work", "the whole worker"])
def test_a_thread_half_fetched_when_the_worker_is_killed_is_complete_after_it_is_back(tmp_path, killed):
    items = generate_thread(1000, seed=9)
    with HackerNewsServer(items, latency=0.05) as server:
        server.search_missing = set(server.items)
        worker = Worker(tmp_path, processes=1, HN_API_BASE_URL=server.item_api, HN_SEARCH_BASE_URL=server.search_api)
        with worker:
            [task_id] = sending.start_batch("process_waywo_post", [{"post_id": items[0]["id"]}]).task_ids
            wait_until(lambda: Comment.objects.count() >= 200, "some lots are saved", 60)
            if killed == "the whole worker":
                worker.kill()
                kept, requests = Comment.objects.count(), len(server.requests)
                # It finds by itself what its killed predecessor was at; nobody sends anything.
                worker.start()
            else:
                # The broker's message comes back at once: the worker itself lives.
                subprocess.run(["pkill", "-KILL", "-P", str(worker.process.pid)], check=True)
                kept, requests = Comment.objects.count(), len(server.requests)
            wait_until(lambda: following.task_state(task_id).status == "SUCCESS", "the task is done again", 120)
        again = len(server.requests) - requests
    print(f"{killed} killed with {kept} comments after {requests} requests; complete with {again} more")
    assert 200 <= kept < 1000
    assert kept % 100 == 0  # whole lots
    assert following.task_state(task_id).result["comments_saved"] == 1000 - kept
    assert Comment.objects.count() == 1000
    # The post, the copy, what was under way, and what was not saved: nothing that was there is asked for again.
    assert again <= 1000 - kept + 30


def test_a_collection_that_runs_is_ended_and_goes_on_where_it_was(tmp_path):
    items = generate_thread(1000, seed=9)
    with HackerNewsServer(items, latency=0.05) as server:
        server.search_missing = set(server.items)
        with Worker(
            tmp_path, processes=1, HN_API_BASE_URL=server.item_api, HN_SEARCH_BASE_URL=server.search_api
        ) as worker:
            task_id = sending.send("process_waywo_post", {"post_id": items[0]["id"]})
            wait_until(lambda: Comment.objects.count() >= 200, "some lots are saved", 120)
            assert cancelling.cancel(task_id, running=True).status == "REVOKED"
            other = sending.send("generate_analytics", {})
            wait_until(lambda: following.task_state(other).is_finished, "its process is at something else", 240)
            kept, requests = Comment.objects.count(), len(server.requests)
            assert following.task_state(task_id).status == "REVOKED"
            again = repeating.run_again(task_id)
            wait_until(lambda: following.task_state(again).is_finished, "it goes on", 240)
            assert "Traceback" not in worker.log, worker.log
        asked = len(server.requests) - requests
    assert 200 <= kept < 1000
    assert following.task_state(again).result["comments_saved"] == 1000 - kept
    # The post, the copy, and what was not saved.
    assert asked <= 1000 - kept + 30


def test_processes_share_the_slots_of_a_host_and_one_that_waits_gets_the_next():
    entered, leave = threading.Event(), threading.Event()

    def hold_all() -> int:
        try:
            with host_slots(ADDRESS, 3, wanted=10) as held:
                entered.set()
                leave.wait(30)
                return held
        finally:
            connection.close()

    def take_one() -> int:
        try:
            with host_slots(ADDRESS, 3, wanted=2) as held:
                return held
        finally:
            connection.close()

    with ThreadPoolExecutor() as pool:
        holder = pool.submit(hold_all)
        assert entered.wait(30)
        with host_slots("http://other.example", 3, wanted=2) as held:
            assert held == 2
        waiting = pool.submit(take_one)
        wait_until(_somebody_waits, "the second asks for a slot")
        assert not waiting.done()
        leave.set()
        assert holder.result(30) == 3
        assert waiting.result(30) >= 1


def test_the_slots_of_a_lost_session_are_free():
    def die_with_all() -> None:
        # Closed in the middle, as the server sees it when a process is killed.
        with host_slots(ADDRESS, 2, wanted=2) as held:
            assert held == 2
            connection.close()
        connection.close()

    with ThreadPoolExecutor() as pool:
        pool.submit(die_with_all).result(30)

    def take() -> int | None:
        with host_slots(ADDRESS, 2, wanted=2) as held:
            return held if held == 2 else None

    assert wait_until(take, "the slots are free") == 2


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return cursor.fetchone()[0] == 1
