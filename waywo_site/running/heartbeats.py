"""Signs of life: beat's tick, and a canary task through each queue."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from celery import current_app
from django.conf import settings
from django.db.models import F
from django.utils import timezone

from waywo_site.models import Heartbeat
from waywo_site.running.queues import paused

BEAT = "beat"
CANARY = "canary:"
# A canary that nobody answered for so long is lost; the next one is sent.
CANARY_EXPIRES = 300


@dataclass(frozen=True)
class CanaryState:
    """The last canary of a queue. ``age_seconds`` is how long ago one came through, None when none ever did."""

    queue: str
    sent_at: datetime | None
    done_at: datetime | None
    age_seconds: float | None

    @property
    def is_waiting(self) -> bool:
        """Whether it was sent and has not come through yet."""
        return self.sent_at is not None and (self.done_at is None or self.done_at < self.sent_at)


def note_tick() -> None:
    """Note that the leading beat is alive."""
    Heartbeat.objects.update_or_create(name=BEAT, defaults={"done_at": timezone.now()})


def beat_last_tick() -> datetime | None:
    """Return when the leading beat last looked at its schedules, None when none ever did."""
    return Heartbeat.objects.filter(name=BEAT).values_list("done_at", flat=True).first()


def send_canaries() -> list[str]:
    """Send a canary through each queue that is not paused and whose last one came through or was lost; name them."""
    now = timezone.now()
    stopped = paused()
    sent_lately = Heartbeat.objects.filter(sent_at__gt=now - timedelta(seconds=CANARY_EXPIRES))
    waiting = set(sent_lately.exclude(done_at__gte=F("sent_at")).values_list("name", flat=True))
    sent = [queue for queue in settings.QUEUE_TIME_LIMITS if queue not in stopped and CANARY + queue not in waiting]
    for queue in sent:
        Heartbeat.objects.update_or_create(name=CANARY + queue, defaults={"sent_at": now})
        current_app.tasks["canary"].apply_async(
            kwargs={"queue": queue}, queue=queue, expires=CANARY_EXPIRES, ignore_result=True
        )
    return sent


def note_canary(queue: str) -> None:
    """Note that a worker took the canary of ``queue``."""
    Heartbeat.objects.filter(name=CANARY + queue).update(done_at=timezone.now())


def canaries() -> list[CanaryState]:
    """Return the last canary of each queue."""
    now = timezone.now()
    rows = {row.name: row for row in Heartbeat.objects.filter(name__startswith=CANARY)}
    found = []
    for queue in settings.QUEUE_TIME_LIMITS:
        row = rows.get(CANARY + queue)
        done_at = row.done_at if row else None
        age = (now - done_at).total_seconds() if done_at else None
        found.append(CanaryState(queue, row.sent_at if row else None, done_at, age))
    return found
