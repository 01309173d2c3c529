"""Collection as tasks. Names, arguments and results are contracts (design, section 4)."""

from typing import Annotated, Any

from celery import shared_task
from pydantic import Field

from comments import collecting, discovery, trying
from comments.adding import CollectionError
from comments.due_threads import check_limit, threads_to_collect
from comments.source_names import ThreadSourceName
from core.jobs import sending
from core.jobs.retrying import RetryingTask
from core.jobs.sending import LARGEST_LIMIT
from core.text import counted

OneSource = Annotated[
    ThreadSourceName | None,
    Field(description="This source alone, whether SOURCES names it or not; empty for those that it names."),
]

# Of a thread, wherever a task takes one.
Year = Annotated[
    int | None, Field(ge=2006, le=2200, description="The year it belongs to; empty to take it from the title.")
]
Month = Annotated[
    int | None, Field(ge=1, le=12, description="The month it belongs to; empty to take it from the title.")
]
LimitComments = Annotated[int | None, Field(ge=1, le=LARGEST_LIMIT, description="How many comments; empty for all.")]


@shared_task(name="process_waywo_posts", bind=True, base=RetryingTask)
def process_waywo_posts(
    self: RetryingTask,
    *,
    limit_posts: Annotated[
        int | None,
        Field(ge=1, le=LARGEST_LIMIT, description="How many threads of each source, newest first; empty for all."),
    ] = None,
    limit_comments: Annotated[
        int | None, Field(ge=1, le=LARGEST_LIMIT, description="How many comments of each thread; empty for all.")
    ] = None,
    source: OneSource = None,
    max_age_days: Annotated[
        int | None,
        Field(ge=1, le=LARGEST_LIMIT, description="Only threads posted in the last so many days; empty for all."),
    ] = None,
) -> dict[str, Any]:
    """Collect the newest threads of all enabled sources that are due, each in a task of its own."""
    check_limit("limit_comments", limit_comments)
    self.report_progress("asking_sources", 0, 2)
    threads, errors = threads_to_collect(limit_posts, source=source, max_age_days=max_age_days)
    self.report_progress("queueing", 1, 2)
    batch = sending.start_batch(
        "process_waywo_post",
        [vars(thread) | {"limit_comments": limit_comments} for thread in threads],
        label=f"Collect {counted(len(threads), 'thread')}",
    )
    return {
        "status": "partial" if errors else "queued",
        "posts_queued": len(threads),
        "task_ids": batch.task_ids,
        "group_id": batch.group_id,
        "errors": errors,
    }


@shared_task(name="process_waywo_post", bind=True, base=RetryingTask, throws=(*RetryingTask.throws, CollectionError))
def process_waywo_post(
    self: RetryingTask,
    *,
    post_id: Annotated[int, Field(ge=1, description="The Hacker News item id.")],
    year: Year = None,
    month: Month = None,
    limit_comments: LimitComments = None,
) -> dict[str, Any]:
    """Collect one thread: its title, text and top-level comments."""
    return collecting.collect_post(
        post_id, year=year, month=month, limit_comments=limit_comments, progress=self.report_progress
    ).as_dict()


@shared_task(name="discover_waywo_posts", bind=True, base=RetryingTask)
def discover_waywo_posts(
    self: RetryingTask,
    *,
    since_days: Annotated[int, Field(ge=1, le=10_000, description="How far back to look.")] = 45,
    source: OneSource = None,
) -> dict[str, Any]:
    """Look for new threads; add those that are sure, keep the others for a decision in the admin."""
    return discovery.discover_posts(since_days, source=source, progress=self.report_progress)


@shared_task(name="try_source", bind=True, base=RetryingTask)
def try_source(
    self: RetryingTask,
    *,
    source: Annotated[ThreadSourceName, Field(description="Which source; it need not be one of SOURCES.")],
    limit: Annotated[int, Field(ge=1, le=trying.MOST_COMMENTS, description="How many comments to show.")] = 5,
) -> dict[str, Any]:
    """Ask a source for its threads and the first comments of the newest one; nothing is saved."""
    return trying.try_source(source, limit)
