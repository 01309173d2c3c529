"""200 comments, the model's server killed after 50 and back after a minute: what it costs.

.venv/bin/python -m pytest -s tests/benchmarks/outage.py
"""

import time

import pytest

from comments import batches
from comments.models import Comment
from projects.models import Extraction, Project
from tests.factories import make_comment, make_post
from tests.servers.llm import LLMServer
from tests.servers.processes import Worker
from tests.waiting import wait_until


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_queues")
def test_outage(tmp_path):
    post = make_post()
    for number in range(200):
        make_comment(f"I build Thing {number} (https://t{number}.example).", author=f"a{number}", post=post)
    processed = Comment.objects.filter(status="processed")
    with LLMServer() as server, Worker(tmp_path, LLM_BASE_URL=server.url, LLM_MODEL="scripted"):
        started = time.monotonic()
        ids = [
            batches.send("process_waywo_comment", {"comment_id": pk})
            for pk in Comment.objects.values_list("pk", flat=True)
        ]
        wait_until(lambda: processed.count() >= 50, "50 are read", 120)
        server.stop()
        down_at = processed.count()
        time.sleep(60)
        server.start()
        wait_until(lambda: batches.batch_progress(ids).is_finished, "all are read", 240)
        seconds = time.monotonic() - started
    calls = sum(Extraction.objects.values_list("llm_calls", flat=True))
    print(
        f"\nread before the outage {down_at}, in the end {processed.count()}; projects {Project.objects.count()}; "
        f"readings that succeeded {Extraction.objects.filter(status='succeeded').count()}, failed "
        f"{Extraction.objects.filter(status='failed').count()}; calls {calls}, wasted {calls - 400}; {seconds:.0f} s; "
        f"tasks failed {len(batches.failures(ids))}"
    )
    assert processed.count() == Project.objects.count() == 200
