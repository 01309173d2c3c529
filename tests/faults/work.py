"""Work for the faults to break: comments that are read by a scripted model, and what became of them."""

import time
from collections.abc import Callable
from typing import Any

from django.db import connection

from comments.models import Comment
from core.models import BatchTask
from projects.models import Extraction, Project
from tests.factories import make_comment
from tests.servers.llm import LLMServer, Says, reader
from tests.servers.processes import manage
from tests.waiting import wait_until


def make_comments(number: int) -> list[int]:
    """Save comments, each with a project of its own; return their ids."""
    texts = (f"I am building Thing {place} (https://t{place}.example), a tool." for place in range(number))
    return [make_comment(text, author=f"a{place}").pk for place, text in enumerate(texts)]


def queue(broker: str, ids: list[int], by_itself: int | None = None) -> None:
    """Send a task for each comment, as one batch, and before them one that belongs to no batch."""
    code = "from core.jobs import sending; "
    if by_itself:
        code += f"sending.send('process_waywo_comment', {{'comment_id': {by_itself}}}, queue='priority'); "
    code += f"sending.start_batch('process_waywo_comment', [{{'comment_id': pk}} for pk in {ids}])"
    run(code, broker)


def reconcile(broker: str) -> None:
    """Do once what beat lets a worker do each minute."""
    run("from waywo_site.running.reconciling import reconcile; print(vars(reconcile()))", broker)


def run(code: str, broker: str) -> None:
    """Run Python in a process of Waywo on that broker."""
    done = manage("shell", "-v0", "-c", code, CELERY_BROKER_URL=broker)
    assert done.returncode == 0, done.stderr


def number_read() -> int:
    """Return how many comments were read."""
    return Comment.objects.filter(status=Comment.Status.PROCESSED).count()


def all_read(number: int, since: float, seconds: float = 120) -> float:
    """Wait until all comments are read and no batch is open; return the seconds since a moment (monotonic)."""
    wait_until(lambda: number_read() == number, "all comments are read", seconds)
    took = time.monotonic() - since
    wait_until(lambda: not BatchTask.objects.open().exists(), "the batch ends", seconds)
    assert not BatchTask.objects.unsuccessful().exists()
    return took


def cost(number: int) -> dict[str, int]:
    """Return how many of the comments were lost, and how many results there are too many."""
    succeeded = Extraction.objects.filter(status=Extraction.Status.SUCCEEDED).count()
    return {"lost": number - number_read(), "ran_twice": max(succeeded, Project.objects.count()) - number}


def model(hang: Callable[[dict[str, Any]], float] = lambda _: 0.0) -> LLMServer:
    """Return a model that reads sensibly; ``hang`` says for each request how long it thinks (seconds)."""

    def answer(request: dict[str, Any]) -> Says:
        says = reader(request)
        says.hang = hang(request)
        return says

    return LLMServer(otherwise=answer)


def asks_for_segments(request: dict[str, Any]) -> bool:
    """Whether a request is the first question about a comment."""
    return "Which segments" in request["messages"][1]["content"]


def sessions_that_wait() -> int:
    """Return how many sessions of the database wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0]


def variables(broker: str, server: LLMServer) -> dict[str, str]:
    """Return the variables of a worker on that broker and model."""
    return {"CELERY_BROKER_URL": broker, "LLM_BASE_URL": server.url, "LLM_MODEL": "scripted"}
