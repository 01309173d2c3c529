"""What a worker and its processes do when they start and end, and how a worker takes from a queue again."""

import gc
import logging
from typing import Any

from celery import current_app
from celery.signals import celeryd_after_setup, worker_process_init, worker_process_shutdown, worker_ready
from celery.worker.control import control_command
from django.conf import settings
from django.db import Error, close_old_connections

from core import event_loop
from projects.language.model import get_language_model
from waywo_site.embedded import EmbeddedError
from waywo_site.running import queue_work, unacknowledged
from waywo_site.running.queues import paused

logger = logging.getLogger(__name__)

ASK_AGAIN_SECONDS = 5
# The queues that this worker was started for, paused or not.
SERVED: set[str] = set()


@worker_ready.connect
def begin(sender: Any = None, **_: Any) -> None:
    """Take nothing from the queues that are paused, and put back what killed workers had taken.

    A queue stays paused for workers that start later. This runs again at each connection to the broker.
    """
    SERVED.update(sender.app.amqp.queues.consume_from)
    leave_paused(sender)
    unacknowledged.restore()


def leave_paused(consumer: Any) -> None:
    """Take nothing from the queues that are paused; a database that is away is asked again every 5 s."""
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


@celeryd_after_setup.connect
def load_before_fork(**_: Any) -> None:
    """Load what reading needs before the fork: so its processes share it, and one that is added starts at once."""
    if _asks_a_model():
        from projects.language import chat  # noqa: F401
    if {"extraction", "priority"} & set(current_app.amqp.queues.consume_from):
        from projects.extraction import loading

        loading.load()
    # What is there by now is no garbage: a look at it would only make each process a copy of it.
    gc.freeze()


@worker_process_init.connect
def start_process(**_: Any) -> None:
    """Trace where a receiver is configured, and make the model's client where a model is asked.

    Both after the fork: an exporter's thread would not survive it, and the first comment would wait for the import.
    """
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        from waywo_site.running import tracing

        tracing.start(settings.OTEL_EXPORTER_OTLP_ENDPOINT)
    if _asks_a_model():
        event_loop.run(get_language_model().open())


def _asks_a_model() -> bool:
    serves = {"extraction", "ask"} & set(current_app.amqp.queues.consume_from)
    return bool(serves and settings.LLM_BASE_URL and settings.LLM_MODEL)


@worker_process_shutdown.connect
def end_process(**_: Any) -> None:
    """Let open connections end in order, and send the spans that are still held: a recycled child would take them."""
    event_loop.close()
    queue_work.write()
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        from waywo_site.running import tracing

        tracing.stop()
