"""20 ideas on the scripted server: what they cost, and what the worker's process takes before and after.

.venv/bin/python -m pytest -s tests/benchmarks/ideas.py
"""

import re
import time
from pathlib import Path

import psutil
import pytest
from celery.result import AsyncResult

from core.jobs import sending
from ideas.models import IdeaRun
from tests.factories import make_comment
from tests.servers.ideas import SUBJECTS, inventor, prose
from tests.servers.llm import LLMServer
from tests.servers.processes import Worker
from tests.waiting import wait_until

ANSWER_SECONDS = 0.2


def memory(pid: int) -> str:
    """Return what a process takes now and took at most, in MiB."""
    found = dict(re.findall(r"(VmRSS|VmHWM):\s+(\d+)", Path(f"/proc/{pid}/status").read_text()))
    return f"now {int(found['VmRSS']) // 1024} MiB, at most {int(found['VmHWM']) // 1024} MiB"


def run(task: str, arguments: dict) -> float:
    """Run a task to its end and return the seconds."""
    started = time.monotonic()
    task_id = sending.send(task, arguments)
    wait_until(AsyncResult(task_id).ready, f"{task} ends", 300)
    return time.monotonic() - started


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_queues")
def test_ideas(tmp_path):
    # The fifth idea repeats the first, so that one is refused and asked for again.
    subjects = iter([*SUBJECTS[:4], SUBJECTS[0], *SUBJECTS[4:]])
    answer = inventor(idea=lambda _: prose(next(subjects)))

    def slowly(request):
        says = answer(request)
        says.hang = ANSWER_SECONDS
        return says

    comment = make_comment("Ideas and questions, no project here.")
    with (
        LLMServer(otherwise=slowly) as server,
        Worker(tmp_path, processes=1, LLM_BASE_URL=server.url, LLM_MODEL="scripted") as worker,
    ):
        [child] = psutil.Process(worker.process.pid).children()
        print(f"\nchild that did nothing: {memory(child.pid)}")
        run("process_waywo_comment", {"comment_id": comment.pk, "analyst": "rules"})
        print(f"child that read a comment by rules: {memory(child.pid)}")
        seconds = run("generate_ideas", {"num_ideas": 20})
        print(f"child that made 20 ideas: {memory(child.pid)}")
        again = run("generate_ideas", {"num_ideas": 1})
    first = IdeaRun.objects.order_by("pk").first()
    print(
        f"20 ideas: {seconds:.1f} s with the import (the pipeline alone {first.seconds:.1f} s), {first.llm_calls} "
        f"calls of {ANSWER_SECONDS} s, 4 at once; asked {first.rows_asked}, saved {first.ideas.count()}, refused "
        f"{len(first.refusals)}: {first.status}. One more idea: {again:.1f} s."
    )
    assert first.ideas.count() == 20
