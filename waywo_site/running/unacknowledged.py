"""What each worker took from Redis and has not finished: kept under keys of its own, put back when the worker is gone.

kombu keeps what all workers took in one place and cannot tell whose worker was killed, so that everything waits for
the visibility timeout (an hour, since a task may run for half of one). RabbitMQ sees a connection end and does all of
this itself.
"""

import logging
from typing import Any

from celery import bootsteps, current_app

from core.jobs.liveness import is_gone, is_here, own_identity

logger = logging.getLogger(__name__)

WORKERS = "workers"  # a sorted set: identity of each worker, by its last sign of life in the broker's own time
SIGN_SECONDS = 10
# A worker of another machine or container is known by its signs alone. A broker that stood still must not end it.
GONE_AFTER = 180


def keys_of(worker: str) -> dict[str, str]:
    """Return kombu's transport options by which a worker keeps apart what it took."""
    return {
        "unacked_key": f"unacked:{worker}",
        "unacked_index_key": f"unacked_index:{worker}",
        "unacked_mutex_key": f"unacked_mutex:{worker}",
    }


def keep_apart(conf: Any) -> None:
    """Let this process, a worker before its first connection, keep what it takes under its own keys."""
    if _is_redis():
        # In place: with Django's settings below it, Celery does not read what is put in their stead.
        conf.broker_transport_options.update(keys_of(own_identity()))


class SignOfLife(bootsteps.StartStopStep):
    """Tells the broker every 10 s that this worker lives, from before it takes its first message."""

    requires = ("celery.worker.consumer.connection:Connection",)

    def __init__(self, parent: Any, **options: Any) -> None:
        self._timer: Any = None
        super().__init__(parent, **options)

    def start(self, parent: Any) -> None:
        """Give a first sign, and go on; called again after each loss of the connection."""
        if not _is_redis():
            return
        self._sign(parent)
        self._timer = parent.timer.call_repeatedly(SIGN_SECONDS, self._sign, (parent,))

    def stop(self, parent: Any) -> None:
        """Give no more signs."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    terminate = shutdown = stop

    def _sign(self, parent: Any) -> None:
        connection = parent.connection
        if connection is None:
            return
        try:
            # Not the channel's own client, which waits for messages.
            with connection.default_channel.conn_or_acquire() as client:
                client.zadd(WORKERS, {own_identity(): client.time()[0]})
        except connection.connection_errors as error:
            # The consumer notices by itself, and this step is started again with the next connection.
            logger.warning("The broker got no sign of life: %s", error)


def restore() -> int:
    """Put back what workers that are gone had taken, at the head of its queue; return how many messages.

    Whoever comes first takes each message out of its holder's keys in one step, so nothing is put back twice.
    """
    if not _is_redis():
        return 0
    restored = 0
    with current_app.connection_for_write() as connection:
        channel: Any = connection.default_channel
        client = channel.client
        now = client.time()[0]
        gone = [
            name.decode()
            for name, seen in client.zrange(WORKERS, 0, -1, withscores=True)
            if _is_lost(name.decode(), now - seen)
        ]
        if gone:
            for queue in current_app.amqp.queues.values():
                queue(channel).declare()  # by which the channel knows where a message belongs
        for worker in gone:
            vars(channel).update(keys_of(worker))
            holder = channel.QoS(channel)
            tags = client.zrange(holder.unacked_index_key, 0, -1)
            for tag in tags:
                holder.restore_by_tag(tag, client)
            client.zrem(WORKERS, worker)
            restored += len(tags)
    if restored:
        logger.warning("%s messages that killed workers had taken are back in their queues.", restored)
    return restored


def _is_lost(worker: str, silent_for: float) -> bool:
    return is_gone(worker) if is_here(worker) else silent_for > GONE_AFTER


def _is_redis() -> bool:
    return str(current_app.conf.broker_url).startswith(("redis:", "rediss:"))
