"""What queueing costs: comments read by workers against the same function in a loop, and dispatching 10,000.

Run: .venv/bin/python -m pytest -s tests/benchmarks/queue.py
"""

import os
import resource
import time
from pathlib import Path

import pytest

from comments import batches
from comments.models import BatchTask, Comment
from projects.extraction.runner import read_comments
from tests.factories import make_comment, make_post
from tests.servers.processes import Worker
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]
COMMENTS = int(os.environ.get("COMMENTS", "150"))
EMPTY = 2 * COMMENTS


def some_comments(number: int) -> list[int]:
    post = make_post()
    return [
        make_comment(
            f"I build Thing {place} (https://t{place}.example), a static site generator in Rust.",
            author=f"a{place}",
            post=post,
        ).pk
        for place in range(number)
    ]


def in_batch(task: str, calls: list[dict]) -> float:
    """Return tasks a second, from the first start to the last end."""
    batch = batches.start_batch(task, calls)
    wait_until(lambda: batches.progress_of(batch.group_id).is_finished, "the batch ends", 300)
    rows = list(BatchTask.objects.filter(batch=batch).values_list("started_at", "finished_at"))
    seconds = (max(row[1] for row in rows) - min(row[0] for row in rows)).total_seconds()
    return len(rows) / seconds


def cpu_seconds(worker: Worker) -> float:
    """Return the processor time of a worker and its children so far: unlike the clock, others hardly change it."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[3] == str(worker.process.pid):  # its session
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def test_throughput(tmp_path):
    ids = some_comments(COMMENTS)
    read_comments(comment_ids=ids)  # reading again costs more than a first reading: all that is measured reads again
    started, used = time.monotonic(), time.process_time()
    read_comments(comment_ids=ids)
    loop, loop_cpu = COMMENTS / (time.monotonic() - started), (time.process_time() - used) / COMMENTS
    print(f"\nloop: {loop:.1f}/s, {1000 * loop_cpu:.1f} ms of processor time a comment")
    rates, cpu = {}, {}
    for processes in (1, 2):
        with Worker(tmp_path, processes=processes) as worker:
            in_batch("process_waywo_comment", [{"comment_id": pk} for pk in ids[:20]])
            used = cpu_seconds(worker)
            rates[processes] = in_batch("process_waywo_comment", [{"comment_id": pk} for pk in ids])
            cpu[processes] = (cpu_seconds(worker) - used) / COMMENTS
            used = cpu_seconds(worker)
            empty = in_batch("canary", [{"queue": "extraction"}] * EMPTY)
            empty_cpu = (cpu_seconds(worker) - used) / EMPTY
            print(
                f"{processes} processes: empty task {empty:.0f}/s ({1000 * empty_cpu:.1f} ms processor), comment "
                f"{rates[processes]:.1f}/s ({1000 * cpu[processes]:.1f} ms processor)"
            )
    print(
        f"overhead with 1 process: {loop / rates[1] - 1:+.0%} by the clock, {cpu[1] / loop_cpu - 1:+.0%} of processor "
        f"time; 2 processes {rates[2] / rates[1]:.2f} times 1"
    )
    assert Comment.objects.filter(status="processed").count() == COMMENTS


def test_ten_thousand_are_dispatched_in_bounded_memory_and_one_overtakes_them(tmp_path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    batch = batches.start_batch("process_waywo_comment", ({"comment_id": number} for number in range(10_000)))
    seconds = time.monotonic() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"\n10,000 dispatched in {seconds:.1f} s, peak memory grew by {grown:.0f} MiB")
    (urgent,) = some_comments(1)
    with Worker(tmp_path, processes=1):
        wait_until(lambda: batches.progress_of(batch.group_id).done > 100, "the backlog is worked on", 120)
        print(batches.progress_of(batch.group_id).as_dict())
        sent = time.monotonic()
        task_id = batches.send("process_waywo_comment", {"comment_id": urgent}, queue="priority")
        wait_until(lambda: batches.task_state(task_id).is_finished, "the urgent one is read", 120)
        waited, progress = time.monotonic() - sent, batches.progress_of(batch.group_id)
        print(f"one sent by priority was read after {waited:.1f} s, {progress.total - progress.done} still waited")
        batches.cancel_batch(batch.group_id)
