"""Which comments are to be read, and the ways to have them read: here, or by the workers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from comments.due_threads import check_limit
from comments.models import Comment, CommentQuerySet
from comments.source_names import check_comment_source
from core.http import NotAsked, OutsideError
from core.jobs import sending
from core.jobs.retrying import GivenUp
from core.locks import lock_until_commit
from core.models import Batch, BatchTask
from core.progress import Progress, no_progress
from core.text import counted
from projects.extraction.reading import CommentNotFound, ReadingError, get_analyst, logger, read_comment
from projects.models import Extraction, ThreadRun

TASK = "process_waywo_comment"


@dataclass(frozen=True)
class CommentConditions:
    """Which comments are to be read; all that are given hold together.

    ``failed``: those whose reading failed or lost a project. ``prompt_version_below``: those read already, but never
    with success by the analyst at that version or above. ``post_id``: those of one thread. ``hours``: those posted in
    the last so many hours. These four choose comments again, whatever their status. ``source``: those of one source,
    and where nothing else is given those of them that are due.
    """

    hours: int | None = None
    post_id: int | None = None
    failed: bool | None = None
    prompt_version_below: int | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a number below 1 and for an unknown source."""
        for name in ("hours", "post_id", "prompt_version_below"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name}={value} is invalid: it expects a whole number of 1 or more.")
        check_comment_source(self.source)

    @property
    def are_given(self) -> bool:
        """True where there is any condition."""
        return self.are_again or self.source is not None

    @property
    def are_again(self) -> bool:
        """True where they choose comments whatever became of them, and not only those that are due."""
        return bool(self.failed) or any((self.hours, self.post_id, self.prompt_version_below))


ANY = CommentConditions()


def comments_to_read(
    limit: int | None = None,
    comment_ids: Iterable[int] | None = None,
    conditions: CommentConditions = ANY,
    analyst: str = "",
    *,
    by_itself: bool = False,
) -> list[int]:
    """Return the ids of the comments to read: the given ones whatever their status, else those that the conditions
    choose, oldest first; without conditions those due.

    What waits in an open batch is chosen by its id alone: it would be read twice. Deleted and flagged comments are
    read by no condition. ``by_itself`` is for what nobody asks for at this moment: it leaves what was due and set aside
    by whoever cancelled its reading. ``analyst`` is a name that ``get_analyst`` takes. Raises CommentNotFound when a
    given id is not in the database, or a given thread has no comments; and ValueError for a limit below 1, and for ids
    beside conditions.
    """
    check_limit("limit", limit)
    if comment_ids is None:
        # As a set: the planner, who knows nothing of rows just written, joins 50,000 with 50,000 in minutes.
        open_tasks = BatchTask.objects.open().filter(batch__task_name=TASK).order_by()
        queued = set(open_tasks.values_list("kwargs__comment_id", flat=True))
        chosen = _chosen(conditions, analyst)
        if by_itself and not conditions.are_again:
            chosen = chosen.filter(is_set_aside=False)
        wanted = chosen.order_by("posted_at", "id").values_list("pk", flat=True)
        return list(islice((pk for pk in wanted.iterator() if pk not in queued), limit))
    if conditions.are_given:
        raise ValueError(
            "comment_ids is invalid beside hours, post_id, failed, prompt_version_below and source: "
            "it expects to stand alone."
        )
    given = list(dict.fromkeys(comment_ids))
    missing = set(given) - set(Comment.objects.filter(pk__in=given).values_list("pk", flat=True))
    if missing:
        raise CommentNotFound(f"There is no comment {', '.join(map(str, sorted(missing)))}: collect its thread first.")
    return given[:limit]


def _due() -> CommentQuerySet:
    """Return the comments that are due, but those of threads that are being extracted: their own run reads them."""
    extracted = ThreadRun.objects.open().exclude(post=None).values("post")
    return Comment.objects.due_for_reading().exclude(post__in=extracted)


def _chosen(conditions: CommentConditions, analyst: str) -> CommentQuerySet:
    chosen = Comment.objects.visible() if conditions.are_again else _due()
    if conditions.post_id is not None:
        chosen = chosen.filter(post_id=conditions.post_id)
        if not Comment.objects.filter(post_id=conditions.post_id).exists():
            raise CommentNotFound(f"There is no comment of thread {conditions.post_id}: collect it first.")
    if conditions.source is not None:
        chosen = chosen.filter(source=conditions.source)
    if conditions.hours is not None:
        chosen = chosen.filter(posted_at__gte=timezone.now() - timedelta(hours=conditions.hours))
    if conditions.failed:
        chosen = chosen.fell_short()
    if conditions.prompt_version_below is not None:
        recent = Extraction.objects.filter(
            comment=OuterRef("pk"),
            status__in=Extraction.READ,
            analyst=get_analyst(analyst).name,
            prompt_version__gte=conditions.prompt_version_below,
        )
        chosen = chosen.filter(~Exists(recent), status=Comment.Status.PROCESSED)
    return chosen


def queue_comments(
    limit: int | None = None,
    comment_ids: Iterable[int] | None = None,
    conditions: CommentConditions = ANY,
    *,
    analyst: str = "",
    label: str = "",
    fresh: bool = False,
    by_itself: bool = False,
) -> Batch:
    """Send a task for each comment that ``comments_to_read`` chooses, as one batch, and return that.

    Of two at the same moment the second finds queued what the first chose. ``analyst`` is a name that ``get_analyst``
    takes; with ``fresh`` no kept answer is used; ``label`` may have ``{}`` for "7 comments". Raises what
    ``comments_to_read`` raises.
    """
    with transaction.atomic():
        # One choice of what is due at a time, until its batch is written.
        lock_until_commit("choice of comments")
        ids = comments_to_read(limit, comment_ids, conditions, analyst, by_itself=by_itself)
        by = ({"analyst": analyst} if analyst else {}) | ({"fresh": True} if fresh else {})
        # Who reads by command beside the workers may come first.
        by |= {"only_unread": True} if _only_due(comment_ids, conditions) else {}
        named = (label or "Read {}").format(counted(len(ids), "comment"))
        return sending.start_batch(TASK, ({"comment_id": pk, **by} for pk in ids), label=named)


def _only_due(comment_ids: Iterable[int] | None, conditions: CommentConditions) -> bool:
    """Return whether comments are chosen that nobody has read."""
    return comment_ids is None and not conditions.are_again


def read_comments(
    limit: int | None = None,
    comment_ids: Iterable[int] | None = None,
    conditions: CommentConditions = ANY,
    progress: Progress = no_progress,
    analyst: str | None = None,
    fresh: bool = False,
) -> dict[str, Any]:
    """Read comments one after another in this process; the choice is that of ``comments_to_read``.

    ``progress`` is called with a line, the number done and the total; ``analyst`` is a name that ``get_analyst``
    takes; with ``fresh`` no kept answer is used. Of what was due, what workers read meanwhile is left out.

    A comment that fails is counted and named in ``errors`` and does not stop the others. One whose error may pass is
    named, too, and stays pending; a service that is down stops all, and the rest stays pending. Returns counts, ids and
    errors as JSON.
    """
    ids = comments_to_read(limit, comment_ids, conditions, analyst or "")
    chosen = get_analyst(analyst or "")
    only_unread = _only_due(comment_ids, conditions)
    result: dict[str, Any] = {
        "status": "success",
        "comments": len(ids),
        "processed": 0,
        "skipped": 0,
        "failed": 0,
        "left_pending": 0,
        "valid_projects": 0,
        "invalid_skipped": 0,
        "duplicates_linked": 0,
        "project_ids": [],
        "errors": [],
    }
    for done, comment_id in enumerate(ids, start=1):
        try:
            reading = read_comment(comment_id, last_try=False, analyst=chosen, fresh=fresh, only_unread=only_unread)
        except NotAsked as error:
            left = len(ids) - done + 1
            result["left_pending"] += left
            result["errors"].append({"comment_id": comment_id, "error": f"{error} {left} comments stay pending."})
            break
        except (OperationalError, InterfaceError):
            raise  # The database is gone: the others would fail alike.
        except Exception as error:  # noqa: BLE001 - logged with its traceback below, and the others go on
            if not isinstance(error, (ReadingError, GivenUp, OutsideError)):
                logger.exception("comment %s", comment_id)
            may_pass = isinstance(error, OutsideError) and not error.permanent
            result["left_pending" if may_pass else "failed"] += 1
            message = f"comment {comment_id}: {type(error).__name__}: {error}".splitlines()[0]
            message += " It stays pending: read it again later." if may_pass else ""
            result["errors"].append({"comment_id": comment_id, "error": message})
        else:
            result["processed" if reading.status == "success" else "skipped"] += 1
            for count in ("valid_projects", "invalid_skipped", "duplicates_linked"):
                result[count] += getattr(reading, count)
            result["project_ids"] += reading.project_ids
        progress(f"comment {comment_id}", done, len(ids))
    if result["errors"]:
        result["status"] = "partial"
    return result
