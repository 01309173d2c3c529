"""The same work on every broker: Valkey always, Redis and RabbitMQ where TEST_REDIS_URL and TEST_AMQP_URL name them."""

import json
import os
import time
import warnings

import pytest
from django.conf import settings

from comments.models import Comment
from core.jobs import following
from core.models import BatchTask, Redelivery
from projects.models import Extraction, Project
from tests.factories import make_comment
from tests.servers.processes import Worker, manage
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True)]

VARIABLES = {"redis": "TEST_REDIS_URL", "rabbitmq": "TEST_AMQP_URL"}


@pytest.fixture(params=["valkey", "redis", "rabbitmq"])
def broker(request):
    """Return the URL of a broker whose queues are empty."""
    if request.param == "valkey":
        settings.EMBEDDED_VALKEY.ensure_running()
        url = settings.EMBEDDED_VALKEY.url
    else:
        url = os.environ.get(VARIABLES[request.param], "")
        if not url:
            message = f"{VARIABLES[request.param]} is not set: nothing was tested on {request.param}."
            warnings.warn(message, stacklevel=1)
            pytest.skip(message)
    lose_everything(url)
    return url


def lose_everything(url: str) -> None:
    """Take every message from a broker, also those that killed workers had taken."""
    code = (
        "from waywo_site.running.queues import purge; from waywo_site.running.unacknowledged import restore; "
        "from django.conf import settings; restore(); [purge(queue) for queue in settings.QUEUE_TIME_LIMITS]"
    )
    done = manage("shell", "-v0", "-c", code, CELERY_BROKER_URL=url)
    assert done.returncode == 0, done.stderr


def queue_states(url: str) -> dict[str, dict]:
    done = manage("queues", "--json", CELERY_BROKER_URL=url)
    assert done.returncode == 0, done.stderr
    return {state["name"]: state for state in json.loads(done.stdout.splitlines()[-1])}


def some_comments(number: int) -> None:
    for place in range(number):
        make_comment(f"I am building Thing {place} (https://t{place}.example), a tool.", author=f"a{place}")


def whole(number: int) -> None:
    """Assert that each comment was read, once."""
    assert Comment.objects.filter(status="processed").count() == number
    assert Project.objects.count() == number
    assert Extraction.objects.filter(status="succeeded").count() == number


def test_a_batch_waits_is_seen_and_is_read(broker, tmp_path):
    some_comments(6)
    queued = manage("process_waywo_comments", "--queue", CELERY_BROKER_URL=broker)
    assert queued.returncode == 0, queued.stderr
    wait_until(lambda: queue_states(broker)["extraction"]["oldest_seconds"] is not None, "the age is told")
    assert queue_states(broker)["extraction"]["waiting"] == 1
    with Worker(tmp_path, CELERY_BROKER_URL=broker):
        wait_until(lambda: Comment.objects.filter(status="processed").count() == 6, "all are read", 90)
        wait_until(lambda: not BatchTask.objects.open().exists(), "the batch ends")
    whole(6)
    assert queue_states(broker)["extraction"] == {
        "name": "extraction",
        "waiting": 0,
        "oldest_seconds": None,
        "is_paused": False,
        "paused_by": "",
    }


def test_a_worker_killed_at_work_costs_nothing(broker, tmp_path):
    some_comments(12)
    assert manage("process_waywo_comments", "--queue", CELERY_BROKER_URL=broker).returncode == 0
    with Worker(tmp_path, CELERY_BROKER_URL=broker) as worker:
        wait_until(lambda: Comment.objects.exclude(status="pending").exists(), "work begins", 90)
        worker.kill()
        killed = time.monotonic()
        worker.start()
        wait_until(lambda: Comment.objects.filter(status="processed").count() == 12, "all are read", 120)
        wait_until(lambda: not BatchTask.objects.open().exists(), "the batch ends", 60)
        print(f"recovered in {time.monotonic() - killed:.0f} s; redelivered {Redelivery.objects.count()}")
    whole(12)


def test_a_broker_that_lost_everything_costs_no_work(broker, tmp_path):
    some_comments(4)
    assert manage("process_waywo_comments", "--queue", CELERY_BROKER_URL=broker).returncode == 0
    with Worker(tmp_path, CELERY_BROKER_URL=broker) as worker:
        wait_until(lambda: BatchTask.objects.exists(), "the batch is sent", 90)
        worker.kill()
    Comment.objects.update(status="pending", claimed_at=None, claimed_by="")
    BatchTask.objects.update(status="PENDING")
    Extraction.objects.all().delete()
    Project.objects.all().delete()
    lose_everything(broker)
    code = (
        "from waywo_site.running.reconciling import reconcile; from django.utils import timezone; from datetime import "
        "timedelta; print(vars(reconcile(timezone.now() + timedelta(minutes=2))))"
    )
    done = manage("shell", "-v0", "-c", code, CELERY_BROKER_URL=broker)
    assert "'tasks_sent_again': 4" in done.stdout, done.stdout + done.stderr
    with Worker(tmp_path, CELERY_BROKER_URL=broker):
        wait_until(lambda: Comment.objects.filter(status="processed").count() == 4, "all are read", 90)
        wait_until(lambda: not following.running_batches(), "the batch ends")
    whole(4)
