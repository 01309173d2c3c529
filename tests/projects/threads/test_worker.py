"""A thread from its address to reviewed material as one task, by real workers; cancelled, and killed in each phase."""

import pytest

from core.jobs import following, sending
from tests.servers.hackernews import HackerNewsServer
from tests.servers.processes import Worker
from tests.servers.threads import generate_thread
from tests.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]


def test_one_process_collects_reads_and_counts_a_thread(tmp_path):
    items = generate_thread(30, seed=4)
    address = f"https://news.ycombinator.com/item?id={items[0]['id']}"
    with HackerNewsServer(items) as server:
        served = {"HN_API_BASE_URL": server.item_api, "HN_SEARCH_BASE_URL": server.search_api}
        with Worker(tmp_path, processes=1, **served) as worker:
            task_id = sending.send("process_waywo_thread", {"post": address})
            seen = []

            def ended() -> bool:
                state = following.task_state(task_id)
                if state.progress not in seen:
                    seen.append(state.progress)
                return state.is_finished

            wait_until(ended, "the thread is extracted", 120)
        state = following.task_state(task_id)
        print(seen, state, worker.log[-3000:])
    assert state.status == "SUCCESS", state.error
