"""A thread collected, read and counted in this process, without workers; and what that would do."""

import time
from typing import Any

from comments.adding import CollectionError
from comments.collecting import collect_post
from comments.models import Comment
from comments.thread_names import id_to_collect, look_up
from core.progress import Progress, no_progress
from projects.analytics.computing import generate_analytics
from projects.extraction.choosing import read_comments
from projects.extraction.reading import get_analyst
from projects.threads.outcomes import thread_result, what_is_missing
from projects.threads.phases import refuse_running
from projects.threads.wishes import Wish


def extract_here(wish: Wish, progress: Progress = no_progress) -> dict[str, Any]:
    """Collect the thread, read what came and bring the figures up to date; return what the task returns.

    Raises AlreadyRunning where workers are at it, and what collecting raises; comments that fail are ``errors``.
    """
    refuse_running(wish.thread)
    began = time.monotonic()
    collection = wish.collection(id_to_collect(wish.thread))
    collected = collect_post(progress=progress, **collection).as_dict()
    errors = what_is_missing(collected)
    if (post := wish.thread.post) is None:
        raise CollectionError(errors[0])
    ids = wish.comments_to_read(post)
    if ids:  # an empty choice would be one of all that are due
        read = read_comments(comment_ids=ids, progress=progress, analyst=wish.analyst)
        errors += [error["error"] for error in read["errors"]]
    generate_analytics(progress=progress)
    seconds = round(time.monotonic() - began, 1)
    return thread_result(post.pk, ids, collected, errors, title=post.title, seconds=seconds, batches=[])


def plan(wish: Wish) -> dict[str, Any]:
    """Return what ``extract_here`` or the task would do, after a look at the source. Nothing is saved.

    Raises what looking the thread up raises.
    """
    item, post = look_up(wish.thread), wish.thread.post
    at_source = len(item.kids[: wish.limit_comments])
    stored = Comment.objects.filter(post=post).count() if post else 0
    return {
        "status": "dry_run",
        "post_id": post.pk if post else None,
        "title": item.title,
        "comments_at_source": at_source,
        "comments_stored": stored,
        "unread": len(wish.comments_to_read(post)) if post else 0,
        "analyst": get_analyst(wish.analyst or "").name,
    }
