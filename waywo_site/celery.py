"""The Celery app. It starts the embedded broker when somebody first asks for a connection to it."""

import logging
import os
import time
from typing import Any

from celery import Celery
from celery.signals import (
    before_task_publish,
    celeryd_init,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
)
from celery.worker.control import control_command

logger = logging.getLogger(__name__)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "waywo_site.settings")


class WaywoCelery(Celery):
    """Celery whose every broker connection first sees to it that the embedded Valkey runs, where one is used."""

    def _connection(self, url, **options):
        from django.conf import settings

        if settings.EMBEDDED_VALKEY is not None:
            settings.EMBEDDED_VALKEY.ensure_running()
            # Read again: a later start may have had to take another port than settings found.
            url = settings.EMBEDDED_VALKEY.url
        return super()._connection(url, **options)


app = WaywoCelery("waywo")
# The queues that this worker was started for, paused or not.
SERVED: set[str] = set()
ASK_AGAIN_SECONDS = 5
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["consumer"].add("waywo_site.running.unacknowledged:SignOfLife")


@celeryd_init.connect
def keep_apart(conf: Any = None, **_: Any) -> None:
    """Keep what this worker takes apart from what others took."""
    from waywo_site.running import unacknowledged

    unacknowledged.keep_apart(conf)


@before_task_publish.connect
def stamp(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """Write into each message when it was sent: the age of a queue's oldest message is told by it."""
    if isinstance(headers, dict):
        headers.setdefault("sent_at", time.time())


@worker_ready.connect
def begin(sender: Any = None, **_: Any) -> None:
    """Take nothing from the queues that are paused, and put back what killed workers had taken.

    Pausing outlives the workers that it was said to. This runs again at each connection to the broker.
    """
    from waywo_site.running.unacknowledged import restore

    SERVED.update(sender.app.amqp.queues.consume_from)
    leave_paused(sender)
    restore()


def leave_paused(consumer: Any) -> None:
    """Take nothing from the queues that are paused; a database that is away is asked again every 5 s."""
    from django.db import Error, close_old_connections

    from waywo_site.embedded import EmbeddedError
    from waywo_site.running.queues import paused

    if consumer.task_consumer is None:
        return  # the broker is lost: ``begin`` runs again with the next connection
    close_old_connections()
    try:
        stopped = paused()
    except (Error, EmbeddedError) as error:
        logger.warning("Which queues are paused is not known, it is asked again: %s", error)
        consumer.timer.call_after(ASK_AGAIN_SECONDS, leave_paused, (consumer,))
        return
    for queue in stopped:
        # At once and by itself: told by a message, it would take from the queue until it read that message.
        consumer.cancel_task_queue(queue)


@control_command(args=[("queue", str)])
def resume_queue(state: Any, queue: str) -> dict[str, str]:
    """Take from ``queue`` again, where this worker was started for it."""
    if queue not in SERVED:
        return {"ok": f"{queue} is not served here"}
    state.consumer.call_soon(state.consumer.add_task_queue, queue)
    return {"ok": f"taking from {queue}"}


@worker_process_shutdown.connect
def close_event_loop(**_) -> None:
    """Let open connections of the process's event loop end in order."""
    from core.event_loop import close

    close()


@worker_process_init.connect
def start_tracing(**_) -> None:
    """Trace in this process where a receiver is configured; after the fork, which an exporter's thread dies of."""
    from django.conf import settings

    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        from waywo_site.running import tracing

        tracing.start(settings.OTEL_EXPORTER_OTLP_ENDPOINT)


@worker_process_init.connect
def open_language_model(**_) -> None:
    """Make the model's client in a process that reads comments: the first comment would wait for its import."""
    from django.conf import settings

    if settings.LLM_BASE_URL and settings.LLM_MODEL and "extraction" in app.amqp.queues.consume_from:
        from core import event_loop
        from projects.language.model import get_language_model

        event_loop.run(get_language_model().open())


@worker_process_shutdown.connect
def flush_traces(**_) -> None:
    """Send what is still held: a child that is recycled would take its spans with it."""
    from django.conf import settings

    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        from waywo_site.running import tracing

        tracing.stop()
