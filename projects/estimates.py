"""What collecting and reading threads would take: comments, minutes and money, by what was seen here so far."""

import os
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Count

from comments.models import Comment, Post, Source
from comments.sources.known_threads import known_threads
from projects.reading_costs import ReadingCost, cost_of, reading_costs

# Where none was collected yet: as many as the thread of August 2024 had.
COMMENTS_OF_A_THREAD = 450
# Seconds to read one by the rules on a small machine, where none was read yet; its pages are fetched side by side.
SECONDS_BY_RULES = 0.5
# Seconds to collect a thread with HN_CONCURRENCY requests at once.
SECONDS_TO_COLLECT = 20


@dataclass(frozen=True)
class Estimate:
    """What the threads that are known and not here would take. ``minutes`` and ``cost`` are None where nothing tells.

    ``basis`` says in sentences what the figures were taken from.
    """

    threads: int
    comments: int
    minutes: float | None
    tokens: int | None
    cost: float | None
    basis: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        parts = [f"{self.threads:,} threads", f"about {self.comments:,} comments"]
        if self.minutes is not None:
            parts.append(f"about {_time(self.minutes)}")
        if self.tokens:
            parts.append(f"about {self.tokens:,} tokens")
        if self.cost is not None:
            parts.append(f"about {self.cost:,.2f} by LLM_PRICE_IN and LLM_PRICE_OUT")
        return ", ".join(parts)


def estimate_past_threads() -> Estimate:
    """Return what collecting and reading all known threads that are not here would take. Raises ThreadsFileError."""
    here = set(Post.objects.exclude(collected_at=None).values_list("pk", flat=True))
    threads = len({thread.id for thread in known_threads()} - here)
    each, basis = _comments_of_a_thread()
    comments = threads * each
    reading, seconds = _reading(), _seconds_of_a_reading()
    tokens = cost = None
    if settings.LLM_BASE_URL and reading:
        into, out = (comments * count // reading.readings for count in (reading.tokens_in, reading.tokens_out))
        tokens, cost = into + out, cost_of(reading.analyst, into, out)
        if cost is None:
            basis.append("With LLM_PRICE_IN and LLM_PRICE_OUT set, this page says what it costs.")
    if seconds is None:
        basis.append("How long it takes and costs is known once the model has read some: begin with the sample thread.")
    elif reading:
        basis.append(f"A reading took {seconds:.1f} s, on the average of the last {reading.readings:,}.")
    else:
        basis.append(f"No comment was read here lately: that a reading takes {seconds:.1f} s is a guess.")
    minutes = None if seconds is None else (threads * SECONDS_TO_COLLECT + comments * seconds / _readers()) / 60
    return Estimate(threads, comments, minutes, tokens, cost, basis)


def _comments_of_a_thread() -> tuple[int, list[str]]:
    collected = Post.objects.filter(source=Source.HACKER_NEWS).exclude(collected_at=None)
    counts = Comment.objects.filter(post__in=collected).aggregate(n=Count("pk"), posts=Count("post", distinct=True))
    if not counts["posts"]:
        return COMMENTS_OF_A_THREAD, [
            f"A thread is taken to have {COMMENTS_OF_A_THREAD} comments, as that of August 2024 had."
        ]
    each = max(1, round(counts["n"] / counts["posts"]))
    return each, [f"A thread is taken to have {each:,} comments, as those that are here have."]


def _reading() -> ReadingCost | None:
    """Return what the readings by whoever reads now cost; None where there are none."""
    analyst = settings.LLM_MODEL if settings.LLM_BASE_URL else "rules"
    return next((cost for cost in reading_costs() if cost.analyst == analyst and cost.readings), None)


def _seconds_of_a_reading() -> float | None:
    if reading := _reading():
        return reading.seconds
    return None if settings.LLM_BASE_URL else SECONDS_BY_RULES


def _readers() -> int:
    """Return how many comments are read at once."""
    return settings.WORKER_CONCURRENCY or os.cpu_count() or 1


def _time(minutes: float) -> str:
    if minutes < 1.5:
        return "a minute"
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.0f} hours"
