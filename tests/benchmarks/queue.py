"""What queueing costs: comments read by workers against the same function in a loop.

Run: .venv/bin/python -m pytest -s tests/benchmarks/queue.py
"""

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

import pytest

from comments.models import Comment
from core.jobs import following, sending
from core.models import BatchTask
from tests.benchmarks.figures import figure
from tests.factories import make_comment, make_post
from tests.servers.processes import ROOT, Worker, environment
from tests.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]
COMMENTS = int(os.environ.get("COMMENTS", "150"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
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
    batch = sending.start_batch(task, calls)
    wait_until(lambda: following.progress_of(batch.group_id).is_finished, "the batch ends", 300)
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
            ticks += sum(map(int, fields[11:15]))  # its own, and of those children that have ended
    return ticks / os.sysconf("SC_CLK_TCK")


class Loop:
    """A process that calls, one after another and without a queue, the function that the worker's task calls."""

    CODE = """
import sys, time, django
django.setup()
from projects.extraction.reading import read_comment
for line in sys.stdin:
    ids = [int(word) for word in line.split()]
    clock, processor = time.monotonic(), time.process_time()
    for pk in ids:
        read_comment(pk)
    print(len(ids) / (time.monotonic() - clock), (time.process_time() - processor) / len(ids), flush=True)
"""

    def __enter__(self) -> "Loop":
        self.process = subprocess.Popen(
            [sys.executable, "-c", self.CODE],
            cwd=ROOT,
            env=environment(DJANGO_SETTINGS_MODULE="waywo_site.settings"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()

    def read(self, ids: list[int]) -> tuple[float, float]:
        """Return comments a second, and seconds of processor time a comment."""
        self.process.stdin.write(" ".join(map(str, ids)) + "\n")
        self.process.stdin.flush()
        rate, cpu = self.process.stdout.readline().split()
        return float(rate), float(cpu)


def by_workers(worker: Worker, task: str, calls: list[dict]) -> tuple[float, float]:
    """Return tasks a second, and seconds of processor time a task: of the worker's main process and its children."""
    used = cpu_seconds(worker)
    rate = in_batch(task, calls)
    return rate, (cpu_seconds(worker) - used) / len(calls)


def test_throughput(tmp_path):
    ids = some_comments(COMMENTS)
    calls = [{"comment_id": pk} for pk in ids]
    figures: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with Loop() as loop:
        loop.read(ids)  # reading again costs more than a first reading: all that is measured reads again
        # Turn and turn about: a machine that slows down slows all of them.
        for _ in range(ROUNDS):
            figures["loop"].append(loop.read(ids))
            for processes in (1, 2):
                with Worker(tmp_path, processes=processes) as worker:
                    in_batch("process_waywo_comment", calls[: 10 * processes])  # each child loads its libraries once
                    figures[f"{processes} processes"].append(by_workers(worker, "process_waywo_comment", calls))
                    empty = by_workers(worker, "canary", [{"queue": "extraction"}] * EMPTY)
                    figures[f"{processes} processes, empty task"].append(empty)
    print()
    for name, measured in figures.items():
        rates = ", ".join(f"{rate:.1f}" for rate, _ in measured)
        processor = 1000 * median(cpu for _, cpu in measured)
        print(f"{name}: {rates} a second; {processor:.1f} ms of processor time each")
        figure(f"{name}, processor time each", processor, "ms")
    loop_rate, one, two = (median(rate for rate, _ in figures[name]) for name in ("loop", "1 processes", "2 processes"))
    print(f"medians: overhead with 1 process {loop_rate / one - 1:+.0%}; 2 processes {two / one:.2f} times 1 process")
    figure("overhead of the queue with 1 process", 100 * (loop_rate / one - 1), "%")
    figure("2 processes", two / one, "times 1 process")
    assert Comment.objects.filter(status="processed").count() == COMMENTS
