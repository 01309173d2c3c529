"""How long the queues are."""

from typing import Any

from celery import current_app
from django.conf import settings


def depth(queue: str) -> int:
    """Return how many messages wait in ``queue``, one of settings; those that a worker holds are not counted."""
    with current_app.connection_for_read() as connection:
        return _depth(connection.default_channel, queue)


def depths() -> dict[str, int]:
    """Return how many messages wait in each of our queues."""
    with current_app.connection_for_read() as connection:
        channel = connection.default_channel
        return {name: _depth(channel, name) for name in settings.QUEUE_TIME_LIMITS}


def _depth(channel: Any, queue: str) -> int:
    # Declared as the workers do, not only looked up: with a key prefix kombu 5.7.0 does not find a Redis queue.
    return current_app.amqp.queues[queue](channel).queue_declare().message_count
