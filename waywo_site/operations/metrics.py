"""What /metrics says: what the rows and the broker show when it is asked. Every web server gives the same answer.

Runs of tasks and their durations are in Flower's /metrics.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta

import kombu.exceptions
from django.db.models import Count, F, Q, Sum
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from comments.models import Comment
from ideas.models import IdeaRun
from projects.models import Extraction
from waywo_site.embedded import EmbeddedError
from waywo_site.models import HealthResult
from waywo_site.operations.health.looking import SEVERITY, TooSlow, within
from waywo_site.running import queues

LAST_HOUR = timedelta(hours=1)
BROKER_SECONDS = 2.0


def text() -> bytes:
    registry = CollectorRegistry()
    registry.register(_Collector())
    return generate_latest(registry)


class _Collector:
    def describe(self) -> list[Metric]:
        """Promise nothing: without this the registry would ask for everything twice."""
        return []

    def collect(self) -> Iterator[Metric]:
        yield from _model_use()
        yield _comments()
        yield _health()
        yield from _queues()


def _model_use() -> Iterator[Metric]:
    """What readings and runs of the generator that began in the last hour cost. Older rows may be cleaned up."""
    calls = GaugeMetricFamily("waywo_llm_calls_last_hour", "Calls of language models.", labels=["model"])
    tokens = GaugeMetricFamily("waywo_llm_tokens_last_hour", "Tokens in and out.", labels=["model", "direction"])
    errors = GaugeMetricFamily("waywo_llm_errors_last_hour", "Readings and runs that failed.", labels=["model"])
    use: dict[str, Counter[str]] = defaultdict(Counter)
    for rows, name in ((Extraction.objects, "analyst"), (IdeaRun.objects, "language_model")):
        asked = rows.filter(started_at__gt=timezone.now() - LAST_HOUR, llm_calls__gt=0).order_by().values(model=F(name))
        sums = {field: Sum(field) for field in ("llm_calls", "tokens_in", "tokens_out")}
        for found in asked.annotate(**sums, errors=Count("pk", filter=Q(status="failed"))):
            use[found.pop("model")].update(found)
    for model, summed in use.items():
        calls.add_metric([model], summed["llm_calls"])
        tokens.add_metric([model, "in"], summed["tokens_in"])
        tokens.add_metric([model, "out"], summed["tokens_out"])
        errors.add_metric([model], summed["errors"])
    yield from (calls, tokens, errors)


def _comments() -> Metric:
    family = GaugeMetricFamily("waywo_comments", "Comments by status.", labels=["status"])
    counts = dict(Comment.objects.order_by().values_list("status").annotate(Count("pk")))
    for status in Comment.Status.values:
        family.add_metric([status], counts.get(status, 0))
    return family


def _health() -> Metric:
    family = GaugeMetricFamily("waywo_health", "At the last check: 0 ok, 1 degraded, 2 failed.", labels=["part"])
    last = HealthResult.objects.order_by("name", "-checked_at").distinct("name").values_list("name", "state")
    for name, state in last:
        family.add_metric([name], SEVERITY.index(state))
    return family


def _queues() -> Iterator[Metric]:
    up = GaugeMetricFamily("waywo_broker_up", "Whether the broker answers.")
    try:
        states = within(BROKER_SECONDS, queues.states)
    except (TooSlow, kombu.exceptions.OperationalError, EmbeddedError, OSError):
        up.add_metric([], 0)
        yield up
        return
    up.add_metric([], 1)
    yield up
    waiting = GaugeMetricFamily("waywo_queue_messages", "Messages that wait.", labels=["queue"])
    oldest = GaugeMetricFamily("waywo_queue_oldest_seconds", "Age of the oldest message.", labels=["queue"])
    for state in states:
        waiting.add_metric([state.name], state.waiting)
        if state.oldest_seconds is not None:
            oldest.add_metric([state.name], state.oldest_seconds)
    yield waiting
    yield oldest
