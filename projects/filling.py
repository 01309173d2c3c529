"""How far the index has been filled: what is collected and read at this moment, in sentences for whoever waits."""

import json
from dataclasses import dataclass
from datetime import timedelta

from celery.states import FAILURE, PENDING, RETRY
from django.db.models import Count, Q
from django.utils import timezone
from django_celery_results.models import TaskResult

from comments.models import Comment, Post, Source
from core.jobs import following
from core.models import OPEN_STATES, BatchTask
from projects.models import Project

# What each task does, in words; those with a thread name it.
COLLECTING = {
    "discover_waywo_posts": "Looking for threads",
    "process_waywo_posts": "Looking which threads are due",
    "process_waywo_post": "Collecting thread {post_id}",
    "process_waywo_thread": "Collecting and reading thread {post}",
}
UNREAD = (Comment.Status.PENDING, Comment.Status.PROCESSING)
# What nobody took for so long is not under way any more.
LOST_AFTER = timedelta(hours=12)
SHOWN = 5


@dataclass(frozen=True)
class Filling:
    """How much is in the index, and in ``now`` what is being done about it, a sentence each; none when nothing is.

    ``read`` are the comments that were, well or with nothing found; those without a text are skipped. ``set_aside``
    are those that nothing reads until somebody asks for it; they are not among the ``unread``.
    """

    comments: int
    unread: int
    read: int
    set_aside: int
    failed: int
    projects: int
    now: list[str]


def filling() -> Filling:
    """Return how far the index has been filled."""
    unread, failed = Q(status__in=UNREAD, is_set_aside=False), Q(status=Comment.Status.FAILED)
    counts = Comment.objects.visible().aggregate(
        comments=Count("pk"),
        unread=Count("pk", filter=unread),
        read=Count("pk", filter=Q(status=Comment.Status.PROCESSED)),
        set_aside=Count("pk", filter=Q(status=Comment.Status.PENDING, is_set_aside=True)),
        failed=Count("pk", filter=failed),
    )
    projects = Project.objects.posted().count()
    now = _collecting()
    if counts["unread"]:
        done = counts["comments"] - counts["unread"] - counts["set_aside"]
        now.append(f"Reading: {done:,} of {counts['comments']:,} comments, {_counted(projects, 'project')} so far.")
    return Filling(**counts, projects=projects, now=now)


def has_real_comments() -> bool:
    """Return whether a comment of another thread than the sample is there."""
    return Comment.objects.exclude(post__source=Source.SAMPLE).exists()


def last_failure() -> str:
    """Return why the newest collection failed, in a line; empty where it did not."""
    newest = (
        TaskResult.objects.filter(task_name__in=COLLECTING).order_by("-pk").values_list("task_id", "status").first()
    )
    if newest is None or newest[1] != FAILURE:
        return ""
    return following.task_state(newest[0]).error or ""


def _collecting() -> list[str]:
    since = timezone.now() - LOST_AFTER
    single = TaskResult.objects.filter(task_name__in=COLLECTING, status__in=OPEN_STATES, date_created__gt=since)
    rows = single.order_by("pk").values_list("task_name", "task_kwargs", "status", "result")
    found = [_said(*row) for row in rows[:SHOWN]]
    in_batches = BatchTask.objects.open().filter(batch__task_name="process_waywo_post").count()
    uncollected = Post.objects.visible().filter(collected_at=None, source=Source.HACKER_NEWS).count()
    if left := in_batches or (uncollected if not found else 0):
        found.append(f"Collecting: {_counted(left, 'thread')} to go.")
    return found


def _said(name: str, kwargs: str | None, status: str, result: str | None) -> str:
    """Return a sentence about a task that has not ended."""
    try:
        given = following.stored_arguments(kwargs or "")
        said = COLLECTING[name].format(**given)
    except (TypeError, ValueError, SyntaxError, KeyError):
        said = COLLECTING[name].partition(" {")[0]
    if status == PENDING:
        return f"{said}: it waits for a worker."
    if status == RETRY:
        return f"{said}: the source did not answer, and is asked again."
    seen = json.loads(result) if status == "PROGRESS" and result else {}
    return f"{said}: {seen['done']:,} of {seen['total']:,}." if seen.get("total") else f"{said} …"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
