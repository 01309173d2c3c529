"""A whole thread through ``process_waywo_thread`` by two processes, the worker killed with -9 in each phase.

A folder of data has ``items.jsonl``: the thread, then its comments, as Hacker News' API gives them.

.venv/bin/python -m tests.benchmarks.killed_thread --data FOLDER [--phase reading]
"""

import argparse
import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.benchmarks.own_servers import own_servers
from tests.servers.hackernews import HackerNewsServer
from tests.waiting import wait_until

PATIENCE = 1800  # seconds, of a machine that does much else
PHASES = ("nothing", "collecting", "reading", "updating the figures", "ending")


def items_of(folder: Path) -> list[dict[str, Any]]:
    """Return the thread and its comments."""
    lines = (folder / "items.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line.strip()]


def stands_in(phase: str) -> tuple[str, Callable[[], bool]]:
    """Return the table to hold still, empty for none, so that a worker stands in the middle of a phase, and whether one
    does by now."""
    from comments.models import Comment
    from core.models import BatchTask
    from projects.models import Analytics, ThreadRun
    from tests.projects.threads.test_killed import waits_for

    def is_half_read() -> bool:
        read = Comment.objects.filter(status="processed").count()
        return read > Comment.objects.count() / 3 and BatchTask.objects.filter(status="STARTED").exists()

    if phase == "reading":
        return "", is_half_read
    table = {"collecting": Comment, "updating the figures": Analytics, "ending": ThreadRun}[phase]._meta.db_table
    return table, lambda: waits_for(table)


def figures_are_under_way() -> bool:
    """Whether the last phase has begun: what is then written of the run is its end."""
    from projects.models import ThreadRun

    return ThreadRun.objects.exclude(figures=None).exists()


def run(phase: str, items: list[dict[str, Any]], folder: Path) -> None:
    """Have the thread extracted, kill the worker in ``phase`` and start it again, and print what came of it."""
    from comments.models import Comment
    from core.jobs import following, sending
    from core.models import Batch, BatchTask
    from projects.models import Extraction, Project, ThreadRun
    from tests.faults.test_killed import locked
    from tests.servers.processes import Worker

    wanted = len(items) - 1
    folder.mkdir()
    lines: list[tuple[float, dict[str, Any]]] = []
    with HackerNewsServer(items) as server, ExitStack() as held_open:
        served = {"HN_API_BASE_URL": server.item_api, "HN_SEARCH_BASE_URL": server.search_api, "FETCH_PAGES": "false"}
        task_id = sending.send("process_waywo_thread", {"post": str(items[0]["id"])})

        def goes(condition: Callable[[], bool]) -> Callable[[], bool]:
            def look() -> bool:
                progress = following.task_state(task_id).progress
                if progress and (not lines or lines[-1][1] != progress):
                    lines.append((time.monotonic() - began, progress))
                return condition()

            return look

        def hold() -> bool:
            if phase != "ending" or figures_are_under_way():
                held_open.enter_context(locked(table))
                return True
            return False

        began = killed = time.monotonic()
        with Worker(folder, processes=2, **served) as worker:
            if phase != "nothing":
                table, stands = stands_in(phase)
                if table:
                    wait_until(goes(hold), f"{table} is held", PATIENCE)
                wait_until(goes(stands), f"it is {phase}", PATIENCE)
                worker.kill()
                killed = time.monotonic()
                held_open.close()
                worker.start()
            wait_until(goes(lambda: following.task_state(task_id).is_finished), "the run ends", PATIENCE)
            ended = time.monotonic()
    state = following.task_state(task_id)
    read = Comment.objects.filter(status__in=("processed", "skipped")).count()
    twice = Extraction.objects.filter(status__in=Extraction.READ).count() - read
    print(
        f"kill -9 while {phase}: {state.status}, lost {wanted - read}, twice {twice}, "
        f"{ThreadRun.objects.count()} run, {Batch.objects.count()} batches, {Project.objects.count()} projects, "
        f"open tasks {BatchTask.objects.open().count()}; {ended - began:.0f} s, of them after the kill "
        f"{ended - killed:.0f}"
    )
    for seconds, progress in lines[:: max(1, len(lines) // 8)] + lines[-1:]:
        print("    {:6.1f} s  {step}, {done} of {total}".format(seconds, **progress))
    print(f"    result: {json.dumps(state.result)[:400]}", flush=True)


def main() -> None:
    """Run the phases one after another, each on empty tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder with items.jsonl")
    parser.add_argument("--phase", choices=PHASES, action="append", help="these alone")
    options = parser.parse_args()
    items = items_of(options.data)
    with own_servers(DEBUG="true", FETCH_PAGES="false", LLM_BASE_URL="") as folder:
        from tests.conftest import _empty
        from tests.servers.processes import empty_broker

        for place, phase in enumerate(options.phase or PHASES):
            _empty()
            empty_broker()
            run(phase, items, folder / f"run-{place}")


if __name__ == "__main__":
    main()
