"""How long the queues are, how long their oldest message waits, and pausing them."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from celery import current_app
from django.conf import settings

from waywo_site.models import PausedQueue

SENT_AT = "sent_at"  # the header in which each of our messages carries when it was sent, in seconds since 1970


class UnknownQueue(LookupError):
    """There is no queue of this name."""


# How long the workers have to say that they are there.
ANSWER_SECONDS = 1.0


@dataclass(frozen=True)
class QueueState:
    """One queue. ``oldest_seconds`` is how long its first message waits, None where none waits or none can tell.

    ``paused_by`` is empty where it is not paused, or where a command did it.
    """

    name: str
    waiting: int
    oldest_seconds: float | None
    is_paused: bool
    paused_by: str = ""

    @property
    def in_words(self) -> str:
        """Whether it is paused, by whom, and what waits in it."""
        by = f" by {self.paused_by}" if self.paused_by else ""
        paused = f" is paused{by}" if self.is_paused else ""
        return f"{self.name}{paused}, {self.waiting:,} wait{'s' if self.waiting == 1 else ''}"


def depth(queue: str) -> int:
    """Return how many messages wait in ``queue``, one of settings; those that a worker holds are not counted."""
    with _channel() as channel:
        return _depth(channel, queue)


def depths() -> dict[str, int]:
    """Return how many messages wait in each of our queues."""
    with _channel() as channel:
        return {name: _depth(channel, name) for name in settings.QUEUE_TIME_LIMITS}


def states() -> list[QueueState]:
    """Return the state of each of our queues, on Redis, Valkey and RabbitMQ. Raises kombu's OperationalError."""
    stopped = dict(PausedQueue.objects.values_list("name", "paused_by"))
    with _channel() as channel:
        found = []
        for name in settings.QUEUE_TIME_LIMITS:
            waiting = _depth(channel, name)
            oldest = _oldest_seconds(channel, name) if waiting else None
            found.append(QueueState(name, waiting, oldest, name in stopped, stopped.get(name, "")))
        return found


def purge(queue: str) -> int:
    """Remove every waiting message of ``queue`` and return how many. Rows that are due are sent again later.

    Raises UnknownQueue.
    """
    _known(queue)
    with _channel() as channel:
        waiting = _depth(channel, queue)
        current_app.amqp.queues[queue](channel).purge()
        return waiting


def pause(queue: str, by: str = "") -> bool:
    """Let no worker take from ``queue``; what runs ends. Return False when it was paused already.

    ``by`` is the name of who does it.

    Workers are told at once; one that starts later finds the note (running/worker_signals.py). Raises UnknownQueue.
    """
    _known(queue)
    _, is_new = PausedQueue.objects.get_or_create(name=queue, defaults={"paused_by": by})
    current_app.control.cancel_consumer(queue)
    return is_new


def resume(queue: str) -> bool:
    """Let the workers that pausing stopped take from ``queue`` again. Return False when it was not paused."""
    _known(queue)
    deleted, _ = PausedQueue.objects.filter(name=queue).delete()
    # Those that serve it say so themselves: a worker for another queue alone must not begin to serve this one.
    current_app.control.broadcast("resume_queue", arguments={"queue": queue})
    return bool(deleted)


def paused() -> set[str]:
    """Return the names of the paused queues."""
    return set(PausedQueue.objects.values_list("name", flat=True))


def _known(queue: str) -> None:
    if queue not in settings.QUEUE_TIME_LIMITS:
        raise UnknownQueue(f"queue={queue!r} is invalid: it expects one of {', '.join(settings.QUEUE_TIME_LIMITS)}.")


@contextmanager
def _channel() -> Iterator[Any]:
    with current_app.connection_for_read() as connection:
        yield connection.default_channel


def _depth(channel: Any, queue: str) -> int:
    # Declared as the workers do, not only looked up: with a key prefix kombu 5.7.0 does not find a Redis queue.
    declared: Any = current_app.amqp.queues[queue](channel).queue_declare()
    return declared.message_count


def _oldest_seconds(channel: Any, queue: str) -> float | None:
    """Return the age of the message that is next, by the header that every message of ours carries."""
    if hasattr(channel, "client"):
        # Redis and Valkey: messages are pushed on the left and taken from the right.
        # kombu does not put its key prefix before the key of this command.
        raw = channel.client.lindex(f"{channel.global_keyprefix}{queue}", -1)
        headers = json.loads(raw).get("headers", {}) if raw else {}
    else:
        # RabbitMQ has no way to look at a message but to take it; it is put back at its place.
        message = channel.basic_get(queue, no_ack=False)
        if message is None:
            return None
        headers = message.headers or {}
        channel.basic_reject(message.delivery_tag, requeue=True)
    sent_at = headers.get(SENT_AT)
    return max(0.0, time.time() - float(sent_at)) if sent_at else None


@dataclass(frozen=True)
class WorkerState:
    """A worker that is alive, the queues it serves, and how many tasks it runs."""

    name: str
    queues: list[str]
    active: int


def workers() -> list[WorkerState]:
    """Return the workers that answer within a second. Raises kombu's OperationalError without a broker."""
    said = ask_workers("active_queues", "active")
    return [
        WorkerState(name, sorted(queue["name"] for queue in answers["active_queues"]), len(answers["active"]))
        for name, answers in sorted(said.items())
    ]


def ask_workers(*kinds: str, seconds: float = ANSWER_SECONDS) -> dict[str, dict[str, Any]]:
    """Return by worker what it says to each of ``kinds``, methods of Celery's inspect; empty lists where it says none.

    Whoever answers the first kind within ``seconds`` is asked for the others. Raises kombu's OperationalError without a
    broker.
    """
    first, *others = kinds
    said = {first: getattr(current_app.control.inspect(timeout=seconds), first)() or {}}
    if not said[first]:
        return {}
    # Asked by name, the answer comes as soon as all have spoken.
    named = current_app.control.inspect(destination=list(said[first]), timeout=seconds)
    said |= {kind: getattr(named, kind)() or {} for kind in others}
    return {worker: {kind: said[kind].get(worker, []) for kind in kinds} for worker in said[first]}
