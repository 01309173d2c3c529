"""What /metrics says.

Processes come and go here (a worker's child ends after 200 tasks) and run on many machines, so none of them keeps
numbers of its own: what grows is added up in the database by whoever did the work, what goes up and down is counted
when it is asked for. Every web server gives the same answer, and one of them is enough to ask.
"""

import json
import logging
from collections import defaultdict
from collections.abc import Iterator

import kombu.exceptions
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from comments.models import Comment
from waywo_site.embedded import EmbeddedError
from waywo_site.models import HealthResult, Tally
from waywo_site.operations.health.looking import SEVERITY
from waywo_site.operations.health.time_limit import TooSlow, within
from waywo_site.running import queues

logger = logging.getLogger(__name__)

# Upper bounds in seconds; reading with a language model takes up to minutes.
BUCKETS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)
BROKER_SECONDS = 2.0


def add(amounts: dict[tuple[str, ...], float]) -> None:
    """Add to tallies: (metric, label, …) -> amount. Does nothing unless /metrics is on; never raises for a database."""
    if not settings.METRICS_TOKEN or not amounts:
        return
    # In one order, so that two processes never wait for each other.
    rows = sorted((json.dumps(key), amount) for key, amount in amounts.items())
    values = ", ".join(["(%s, %s)"] * len(rows))
    table = Tally._meta.db_table
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} AS t (key, amount) VALUES {values} "
                "ON CONFLICT (key) DO UPDATE SET amount = t.amount + EXCLUDED.amount",
                [value for row in rows for value in row],
            )
    except (DatabaseError, EmbeddedError) as error:
        # Counting is not worth a task.
        logger.warning("not counted: %s", error)


def count_task(task: str, state: str, seconds: float) -> None:
    """Count a run of a task that ended in ``state`` after ``seconds``."""
    bucket = next((str(bound) for bound in BUCKETS if seconds <= bound), "+Inf")
    add({
        ("tasks", task, state): 1,
        ("seconds", task): seconds,
        ("bucket", task, bucket): 1,
    })  # fmt: skip


def count_model_use(model: str, calls: int, tokens_in: int, tokens_out: int, *, failed: bool) -> None:
    """Count what one reading by a language model, or one attempt to make ideas, cost."""
    add({
        ("llm_calls", model): calls,
        ("llm_tokens", model, "in"): tokens_in,
        ("llm_tokens", model, "out"): tokens_out,
        ("llm_errors", model): int(failed),
    })  # fmt: skip


def text() -> bytes:
    """Return all metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Collector())
    return generate_latest(registry)


class _Collector:
    """Asks database and broker when it is asked."""

    def describe(self) -> list[Metric]:
        """Promise nothing: without this the registry would ask for everything twice."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        tallies: dict[str, list[tuple[list[str], float]]] = defaultdict(list)
        for key, amount in Tally.objects.order_by("key").values_list("key", "amount"):
            metric, *labels = json.loads(key)
            tallies[metric].append((labels, amount))
        yield _counter("waywo_tasks", "Runs of tasks that ended.", ["task", "state"], tallies["tasks"])
        yield _durations(tallies)
        yield _counter("waywo_llm_calls", "Calls of language models.", ["model"], tallies["llm_calls"])
        yield _counter("waywo_llm_tokens", "Tokens in and out.", ["model", "direction"], tallies["llm_tokens"])
        yield _counter(
            "waywo_llm_errors", "Readings and attempts at ideas that failed.", ["model"], tallies["llm_errors"]
        )
        yield _comments()
        yield _health()
        yield from _queues()


def _counter(name: str, text: str, labels: list[str], rows: list[tuple[list[str], float]]) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, amount in rows:
        family.add_metric(values, amount)
    return family


def _durations(tallies: dict[str, list[tuple[list[str], float]]]) -> Metric:
    family = HistogramMetricFamily("waywo_task_seconds", "How long runs of tasks took.", labels=["task"])
    buckets: dict[str, dict[str, float]] = defaultdict(dict)
    for (task, bound), amount in tallies["bucket"]:
        buckets[task][bound] = amount
    sums = {task: amount for (task,), amount in tallies["seconds"]}
    for task, counted in buckets.items():
        so_far, rows = 0.0, []
        for bound in (*map(str, BUCKETS), "+Inf"):
            so_far += counted.get(bound, 0)
            rows.append((bound, so_far))
        family.add_metric([task], rows, sums.get(task, 0))
    return family


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
