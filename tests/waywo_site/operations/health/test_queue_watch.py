"""Queues that grow, measured on a real broker."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from core.jobs import sending
from tests.servers.processes import command
from waywo_site.models import QueueSample
from waywo_site.operations.health.queue_watch import monitor_queues

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]

NOW = timezone.now()


def collection(result: dict) -> dict:
    return next(queue for queue in result["queues"] if queue["name"] == "collection")


def test_growth_with_no_worker_is_told_and_a_standing_queue_is_not():
    sending.send("process_waywo_post", {"post_id": 1})
    assert collection(monitor_queues(NOW))["state"] == "ok"
    assert collection(monitor_queues(NOW + timedelta(minutes=1)))["state"] == "ok"
    sending.send("process_waywo_post", {"post_id": 2})
    seen = collection(monitor_queues(NOW + timedelta(minutes=2)))
    assert (seen["state"], seen["waiting"]) == ("failed", 2)
    assert "grew from 1 to 2" in seen["reason"]
    assert QueueSample.objects.filter(queue="collection").count() == 3


def test_a_queue_above_the_alert_depth_is_degraded(settings):
    settings.QUEUE_ALERT_DEPTH = 1
    for number in range(2):
        sending.send("process_waywo_post", {"post_id": number + 1})
    seen = collection(monitor_queues(NOW))
    assert (seen["state"], "QUEUE_ALERT_DEPTH=1" in seen["reason"]) == ("degraded", True)


def test_the_command_shows_every_queue(settings):
    done = command("monitor_queues", "--json")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout.splitlines()[-1])["queues"]
    assert {queue["name"] for queue in shown} == set(settings.QUEUE_TIME_LIMITS)
