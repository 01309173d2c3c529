"""How far the index has been filled: what is collected and read at this moment, in sentences for whoever waits."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from celery.states import FAILURE, PENDING, RETRY
from django.db.models import Count, Q
from django.utils import timezone
from django_celery_results.models import TaskResult

from comments.models import Comment, Post, Source, is_removed
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


@dataclass(frozen=True)
class States:
    """How many comments are in each status and posted projects in each state of review, none left out.

    ``visible`` counts the comments that strangers may see, by status and whether they were set aside. ``real`` are the
    comments of other threads than the sample.
    """

    comments: dict[str, int]
    projects: dict[str, int]
    visible: Counter[tuple[str, bool]]
    real: int


def states() -> States:
    """Return what is in which state: a query for the comments, and one for the projects."""
    visible: Counter[tuple[str, bool]] = Counter()
    comments, real = dict.fromkeys(Comment.Status.values, 0), 0
    shown = Q(dead=False, deleted=False) & ~is_removed()
    rows = Comment.objects.order_by().values_list("status", "is_set_aside")
    for status, is_set_aside, every, seen, others in rows.annotate(
        every=Count("pk"), seen=Count("pk", filter=shown), others=Count("pk", filter=~Q(source=Source.SAMPLE))
    ):
        comments[status] += every
        visible[status, is_set_aside] += seen
        real += others
    reviewed = Project.objects.posted().order_by().values_list("review_status").annotate(n=Count("*"))
    return States(comments, dict.fromkeys(Project.ReviewStatus.values, 0) | dict(reviewed), visible, real)


def filling(counted: States | None = None) -> Filling:
    """Return how far the index has been filled, by ``counted`` where that is known."""
    counted = counted or states()
    visible, status = counted.visible, Comment.Status
    comments, projects, set_aside = visible.total(), sum(counted.projects.values()), visible[status.PENDING, True]
    unread = sum(visible[each, False] for each in UNREAD)
    now = _collecting()
    if unread:
        done = comments - unread - set_aside
        now.append(f"Reading: {done:,} of {comments:,} comments, {_counted(projects, 'project')} so far.")
    return Filling(
        comments=comments,
        unread=unread,
        read=visible[status.PROCESSED, True] + visible[status.PROCESSED, False],
        set_aside=set_aside,
        failed=visible[status.FAILED, True] + visible[status.FAILED, False],
        projects=projects,
        now=now,
    )


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
