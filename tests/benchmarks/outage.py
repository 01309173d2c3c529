"""200 comments, the model's server killed (-9) after 50 and back after a minute: what it costs.

The server is a process of its own, and every call takes it 50 ms.

.venv/bin/python -m pytest -s tests/benchmarks/outage.py
"""

import subprocess
import sys
import time

import pytest

from comments.models import Comment
from core.jobs import following, sending
from projects.models import Extraction, Project
from tests.factories import make_comment, make_post
from tests.servers.processes import ROOT, Worker
from tests.waiting import wait_until

SERVER = """
import sys, time, threading
from tests.servers.llm import LLMServer, reader
def slowly(request):
    time.sleep(0.05)
    return reader(request)
server = LLMServer(otherwise=slowly)
server.port = int(sys.argv[1])
server.start()
print(server.port, flush=True)
threading.Event().wait()
"""


def start_server(port: int = 0) -> tuple[subprocess.Popen, int]:
    """Start the scripted server as a process and return it with its port."""
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(port)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return process, int(process.stdout.readline())


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_queues")
def test_outage(tmp_path):
    post = make_post()
    for number in range(200):
        make_comment(f"I build Thing {number} (https://t{number}.example).", author=f"a{number}", post=post)
    processed = Comment.objects.filter(status="processed")
    server, port = start_server()
    with Worker(tmp_path, LLM_BASE_URL=f"http://127.0.0.1:{port}/v1", LLM_MODEL="scripted"):
        started = time.monotonic()
        batch = sending.start_batch(
            "process_waywo_comment", [{"comment_id": pk} for pk in Comment.objects.values_list("pk", flat=True)]
        )
        wait_until(lambda: processed.count() >= 50, "50 are read", 120)
        server.kill()
        server.wait()
        down_at = processed.count()
        time.sleep(60)
        server, _ = start_server(port)
        wait_until(lambda: following.progress_of(batch.group_id).is_finished, "all are read", 240)
        seconds = time.monotonic() - started
    server.kill()
    server.wait()
    calls = sum(Extraction.objects.values_list("llm_calls", flat=True))
    print(
        f"\nread before the outage {down_at}, in the end {processed.count()}; projects {Project.objects.count()}; "
        f"readings that succeeded {Extraction.objects.filter(status='succeeded').count()}, failed "
        f"{Extraction.objects.filter(status='failed').count()}; calls {calls}, wasted {calls - 400}; {seconds:.0f} s; "
        f"tasks failed {len(following.failures(batch.group_id))}"
    )
    assert processed.count() == Project.objects.count() == 200
