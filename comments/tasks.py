"""Collection as tasks. Names, arguments and results are contracts (design, section 4)."""

from typing import Any

from celery import shared_task

from comments import batches, collection
from comments.retrying import RetryingTask


@shared_task(name="process_waywo_posts", bind=True, base=RetryingTask)
def process_waywo_posts(
    self: RetryingTask, *, limit_posts: int | None = None, limit_comments: int | None = None
) -> dict[str, Any]:
    """Collect the newest known threads, each in a task of its own.

    limit_posts: how many threads, newest first; empty for all. limit_comments: how many comments of each; empty for
    all.
    """
    collection.check_limit("limit_comments", limit_comments)
    threads = collection.threads_to_collect(limit_posts)
    batch = batches.start_batch(
        "process_waywo_post",
        [
            {
                "post_id": thread.id,
                "year": thread.year,
                "month": thread.month,
                "limit_comments": limit_comments,
            }
            for thread in threads
        ],
    )
    return {
        "status": "queued",
        "posts_queued": len(threads),
        "task_ids": batch.task_ids,
        "group_id": batch.group_id,
    }


@shared_task(name="process_waywo_post", bind=True, base=RetryingTask)
def process_waywo_post(
    self: RetryingTask,
    *,
    post_id: int,
    year: int | None = None,
    month: int | None = None,
    limit_comments: int | None = None,
) -> dict[str, Any]:
    """Collect one thread: its post and its top-level comments.

    post_id: the Hacker News item id. year, month: the month it belongs to; empty to take it from the title.
    limit_comments: how many comments; empty for all.
    """
    return collection.collect_post(
        post_id, year=year, month=month, limit_comments=limit_comments, progress=self.report_progress
    ).as_dict()
