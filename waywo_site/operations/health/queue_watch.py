"""Measures the queues, keeps the series, and alerts where work piles up."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from waywo_site.models import QueueSample
from waywo_site.operations.health import alerts
from waywo_site.operations.health.findings import DEGRADED, FAILED, OK
from waywo_site.running import queues
from waywo_site.running.queues import workers

# How far back a queue is compared with, to see whether it grows.
GROWTH_WINDOW = timedelta(minutes=15)
RUN_WORKER = "manage.py run_worker --queues"


def monitor_queues(now: datetime | None = None) -> dict[str, Any]:
    """Measure each queue, keep a sample, alert where one is long, old, or grows without a worker; return the samples.

    Raises kombu's OperationalError without a broker.
    """
    now = now or timezone.now()
    served = {queue for worker in workers() for queue in worker.queues}
    samples = [
        QueueSample(
            queue=state.name,
            waiting=state.waiting,
            oldest_seconds=state.oldest_seconds,
            is_paused=state.is_paused,
            has_worker=state.name in served,
            measured_at=now,
        )
        for state in queues.states()
    ]
    earlier = _earlier(now)
    found = [_judged(sample, earlier.get(sample.queue)) for sample in samples]
    QueueSample.objects.bulk_create(samples)
    told = alerts.tell(found, now)
    return {
        "status": "success",
        "queues": [_as_dict(sample, subject) for sample, subject in zip(samples, found, strict=True)],
        "alerts": told,
    }


def _earlier(now: datetime) -> dict[str, int]:
    """Return how much waited in each queue at the beginning of the window."""
    window = QueueSample.objects.filter(measured_at__range=(now - GROWTH_WINDOW, now)).order_by("queue", "measured_at")
    return dict(window.distinct("queue").values_list("queue", "waiting"))


def _judged(sample: QueueSample, earlier: int | None) -> alerts.Subject:
    """Return how a queue is, of the worst thing that can be said about it."""
    name = f"queue: {sample.queue}"
    if not sample.has_worker and not sample.is_paused and earlier is not None and sample.waiting > earlier:
        reason = f"No worker serves it, and it grew from {earlier} to {sample.waiting}."
        return alerts.Subject(name, FAILED, reason, f"Start a worker for it: {RUN_WORKER} {sample.queue}.")
    if sample.waiting > settings.QUEUE_ALERT_DEPTH:
        reason = f"{sample.waiting} messages wait, more than QUEUE_ALERT_DEPTH={settings.QUEUE_ALERT_DEPTH}."
        return alerts.Subject(name, DEGRADED, reason, f"Start another worker for it: {RUN_WORKER} {sample.queue}.")
    age = sample.oldest_seconds or 0.0
    if age > settings.VISIBILITY_TIMEOUT:
        reason = f"The oldest message waits for {age / 60:.0f} minutes."
        remedy = "See what the workers do: manage.py tasks, or Flower."
        if sample.is_paused:
            reason += " The queue is paused."
            remedy = f"Resume it on the Overview, or by manage.py queues --resume {sample.queue}."
        return alerts.Subject(name, DEGRADED, reason, remedy)
    paused = " The queue is paused." if sample.is_paused else ""
    return alerts.Subject(name, OK, f"{sample.waiting} messages wait.{paused}")


def _as_dict(sample: QueueSample, subject: alerts.Subject) -> dict[str, Any]:
    return {
        "name": sample.queue,
        "waiting": sample.waiting,
        "oldest_seconds": sample.oldest_seconds,
        "has_worker": sample.has_worker,
        "is_paused": sample.is_paused,
        "state": subject.state,
        "reason": subject.reason,
    }
