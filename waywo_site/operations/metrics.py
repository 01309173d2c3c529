"""What /metrics says: what the rows and the broker show when it is asked. Every web server gives the same answer.

Runs of tasks and their durations are in Flower's /metrics.
"""

from datetime import timedelta

import kombu.exceptions
from django.db.models import Count, F, Q, Sum
from django.utils import timezone
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from comments.models import Comment
from ideas.models import IdeaRun
from projects.models import Extraction, Question
from projects.reading_costs import cost_of
from waywo_site.embedded import EmbeddedError
from waywo_site.models import HealthResult
from waywo_site.operations.health.broker_memory import broker_memory
from waywo_site.operations.health.looking import SEVERITY, TooSlow, within
from waywo_site.running import queue_work, queues

LAST_HOUR = timedelta(hours=1)
BROKER_SECONDS = 2.0


def text() -> bytes:
    """Return all metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    for add in (_add_model_use, _add_comments, _add_health, _add_queues, _add_queue_work):
        add(registry)
    return generate_latest(registry)


def _add_model_use(registry: CollectorRegistry) -> None:
    """What readings, runs of the generator and answers of the last hour cost. Older rows may be cleaned up."""
    calls = Gauge("waywo_llm_calls_last_hour", "Calls of language models.", ["model"], registry=registry)
    tokens = Gauge("waywo_llm_tokens_last_hour", "Tokens in and out.", ["model", "direction"], registry=registry)
    costs = Gauge("waywo_llm_cost_last_hour", "By LLM_PRICE_IN and LLM_PRICE_OUT.", ["model"], registry=registry)
    errors = Gauge(
        "waywo_llm_errors_last_hour", "Readings, runs and answers that failed.", ["model"], registry=registry
    )
    for rows, model, begun, called in (
        (Extraction.objects, "analyst", "started_at", "llm_calls"),
        (IdeaRun.objects, "language_model", "started_at", "llm_calls"),
        (Question.objects, "model", "created_at", "calls"),
    ):
        lately = rows.filter(**{f"{begun}__gt": timezone.now() - LAST_HOUR, f"{called}__gt": 0}).order_by()
        sums = {"n": Sum(called), "into": Sum("tokens_in"), "out": Sum("tokens_out")}
        asked = lately.values(by=F(model)).annotate(**sums, errors=Count("pk", filter=Q(status="failed")))
        for found in asked:
            calls.labels(found["by"]).inc(found["n"])
            tokens.labels(found["by"], "in").inc(found["into"])
            tokens.labels(found["by"], "out").inc(found["out"])
            errors.labels(found["by"]).inc(found["errors"])
            if (cost := cost_of(found["by"], found["into"], found["out"])) is not None:
                costs.labels(found["by"]).inc(cost)


def _add_comments(registry: CollectorRegistry) -> None:
    gauge = Gauge("waywo_comments", "Comments by status.", ["status"], registry=registry)
    counts = dict(Comment.objects.order_by().values_list("status").annotate(Count("pk")))
    # What waits for a person is not what alerts and charts of pending comments are about.
    counts["set_aside"] = Comment.objects.were_set_aside().count()
    counts[Comment.Status.PENDING] = counts.get(Comment.Status.PENDING, 0) - counts["set_aside"]
    for status in (*Comment.Status.values, "set_aside"):
        gauge.labels(status).set(counts.get(status, 0))


def _add_health(registry: CollectorRegistry) -> None:
    gauge = Gauge("waywo_health", "At the last check: 0 ok, 1 degraded, 2 failed.", ["part"], registry=registry)
    last = HealthResult.objects.order_by("name", "-checked_at").distinct("name").values_list("name", "state")
    for name, state in last:
        gauge.labels(name).set(SEVERITY.index(state))


def _add_queues(registry: CollectorRegistry) -> None:
    up = Gauge("waywo_broker_up", "Whether the broker answers.", registry=registry)
    try:
        states, memory = within(BROKER_SECONDS, lambda: (queues.states(), broker_memory()))
    except (TooSlow, kombu.exceptions.OperationalError, EmbeddedError, OSError):
        return
    up.set(1)
    waiting = Gauge("waywo_queue_messages", "Messages that wait.", ["queue"], registry=registry)
    oldest = Gauge("waywo_queue_oldest_seconds", "Age of the oldest message.", ["queue"], registry=registry)
    for state in states:
        waiting.labels(state.name).set(state.waiting)
        if state.oldest_seconds is not None:
            oldest.labels(state.name).set(state.oldest_seconds)
    if memory is not None:
        Gauge("waywo_broker_memory_bytes", "Memory that the broker uses.", registry=registry).set(memory.used)
        most = Gauge("waywo_broker_memory_limit_bytes", "What it may use, or the machine has.", registry=registry)
        most.set(memory.most)


def _add_queue_work(registry: CollectorRegistry) -> None:
    """What workers did of each queue in the last hour, and how long it had waited."""
    help_text = "Up to how long the starts of the last hour had waited."
    waited = Gauge("waywo_queue_wait_seconds", help_text, ["queue", "quantile"], registry=registry)
    ended = Gauge(
        "waywo_queue_ended_last_hour", "Tasks that ended, but for housekeeping.", ["queue"], registry=registry
    )
    failed = Gauge("waywo_queue_failed_last_hour", "Tasks that failed.", ["queue"], registry=registry)
    for work in queue_work.last_hour():
        ended.labels(work.queue).set(work.ended)
        failed.labels(work.queue).set(work.failed)
        for share in (0.5, 0.95):
            if (seconds := queue_work.percentile(work.waits, share)) is not None:
                waited.labels(work.queue, str(share)).set(seconds)
