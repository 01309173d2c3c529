"""Collects threads: the post first, then its top-level comments, saved as they come."""

import re
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.db import connection, transaction
from django.utils import timezone

from comments import event_loop
from comments.hackernews import HackerNews, HackerNewsError, Item
from comments.models import AUTHOR_LENGTH, TITLE_LENGTH, Comment, Post, Source
from comments.text import plain_text
from comments.threads import KnownThread, known_threads

Progress = Callable[[str, int, int], None]

# Comments are saved in lots of this size, so that a worker which dies loses seconds of work and not a thread.
LOT = 100
# A collection that misses more than this share of the comments has failed (it is complete after the next look).
TOLERATED_FAILURES = 0.05

FIRST_YEAR = 2006  # of Hacker News
MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]


class CollectionError(Exception):
    """A thread could not be collected; the message is one line that names it."""


class NotAThread(CollectionError):
    """The id is not one of a thread: unknown, a comment, a job, deleted."""


class ThreadSource(Protocol):
    """Where the items of a thread come from: Hacker News, or the sample that ships with Waywo."""

    source: str

    async def item(self, item_id: int) -> Item | None:
        """Return one item, None where there is none (yet)."""
        ...

    def items(self, item_ids: Iterable[int]) -> AsyncIterator[tuple[int, Item | HackerNewsError | None]]:
        """Yield each id with its item, None, or the error that kept it back."""
        ...


@dataclass
class Collected:
    """What collecting one post came to: the result of ``process_waywo_post``.

    Every comment that was asked for is in one of saved (new), updated (changed at the source), skipped (unchanged,
    or not served yet) and failed.
    """

    post_id: int
    title: str
    total_kids: int
    comments_saved: int = 0
    comments_skipped: int = 0
    comments_updated: int = 0
    failed: list[int] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "status": "success",
            "post_id": self.post_id,
            "title": self.title,
            "total_kids": self.total_kids,
            "comments_saved": self.comments_saved,
            "comments_skipped": self.comments_skipped,
            "comments_updated": self.comments_updated,
            "failed": self.failed,
        }


def collect_post(
    post_id: int,
    *,
    year: int | None = None,
    month: int | None = None,
    limit_comments: int | None = None,
    progress: Progress = lambda *_: None,
) -> Collected:
    """Collect one thread from Hacker News: its post, then the first ``limit_comments`` (all) top-level comments.

    ``year`` and ``month`` say which month it belongs to; else ``threads.yml``, the title or the date does.
    Running it again updates what changed and adds what is new.

    Raises ValueError for an argument out of range, NotAThread, HackerNewsError when the post cannot be had (nothing
    is saved then), and CollectionError when more than 5 % of the comments could not be had (the others are saved).
    """
    _check_arguments(post_id, year, month, limit_comments)
    source = HackerNews.from_settings()
    event_loop.run(source.__aenter__())
    try:
        return _collect(source, post_id, year, month, limit_comments, progress)
    finally:
        event_loop.run(source.__aexit__(None, None, None))


def collect_sample(progress: Progress = lambda *_: None) -> Collected:
    """Collect the sample thread that ships with Waywo. Needs no network; running it again changes nothing."""
    from comments.sample_thread import SampleThread

    sample = SampleThread()
    return _collect(sample, sample.post_id, None, None, None, progress)


def threads_to_collect(limit_posts: int | None = None) -> list[KnownThread]:
    """Return the newest ``limit_posts`` (all) known threads, newest first.

    Raises ValueError for a limit below 1 and ThreadsFileError for a broken ``threads.yml``.
    """
    if limit_posts is not None and limit_posts < 1:
        raise ValueError(f"limit_posts={limit_posts} is not valid: it takes a whole number of 1 or more.")
    return known_threads()[:limit_posts]


def collect_posts(
    limit_posts: int | None = None, limit_comments: int | None = None, progress: Progress = lambda *_: None
) -> dict[str, Any]:
    """Collect the newest known threads one after another in this process.

    A thread that fails is named in ``errors`` and does not stop the others. Returns counts and errors as JSON.
    """
    check_limit("limit_comments", limit_comments)
    threads = threads_to_collect(limit_posts)
    posts: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for done, thread in enumerate(threads):
        progress(f"post {thread.id}", done, len(threads))
        try:
            collected = collect_post(thread.id, year=thread.year, month=thread.month, limit_comments=limit_comments)
        except (CollectionError, HackerNewsError) as error:
            errors.append({"post_id": thread.id, "error": str(error)})
        else:
            posts.append(collected.as_dict())
    progress("posts", len(threads), len(threads))
    return {"status": "partial" if errors else "success", "posts": posts, "errors": errors}


def _check_arguments(post_id: Any, year: int | None, month: int | None, limit_comments: int | None) -> None:
    if isinstance(post_id, bool) or not isinstance(post_id, int) or not 0 < post_id < 10**12:
        raise ValueError(f"post_id={post_id!r} is not valid: it takes the number of a Hacker News item.")
    if year is not None and not 2006 <= year <= 2200:
        raise ValueError(f"year={year} is not valid: it takes a year from 2006 to 2200.")
    if month is not None and not 1 <= month <= 12:
        raise ValueError(f"month={month} is not valid: it takes a month from 1 to 12.")
    check_limit("limit_comments", limit_comments)


def check_limit(name: str, limit: int | None) -> None:
    """Raise ValueError when ``limit`` is neither None nor a whole number of 1 or more."""
    if limit is not None and limit < 1:
        raise ValueError(f"{name}={limit} is not valid: it takes a whole number of 1 or more.")


def _collect(
    source: ThreadSource,
    post_id: int,
    year: int | None,
    month: int | None,
    limit_comments: int | None,
    progress: Progress,
) -> Collected:
    item = event_loop.run(source.item(post_id))
    post = _save_post(source.source, _checked_thread(post_id, item), year, month)
    wanted = item.kids[:limit_comments]
    collected = Collected(post.pk, post.title, len(item.kids))
    done = 0
    for lot in _lots(source.items(wanted)):
        _save_lot(post, lot, collected)
        done += len(lot)
        progress(f"post {post.source_id}", done, len(wanted))
    if len(collected.failed) > TOLERATED_FAILURES * len(wanted):
        raise CollectionError(
            f"Post {post_id}: {len(collected.failed)} of {len(wanted)} comments could not be had; "
            f"{collected.comments_saved} are saved. Collect it again for the rest."
        )
    Post.objects.filter(pk=post.pk).update(collected_at=timezone.now())
    return collected


def _checked_thread(post_id: int, item: Item | None) -> Item:
    if item is None:
        raise NotAThread(f"Post {post_id}: there is no such item on Hacker News (it answered null).")
    if item.type != "story":
        raise NotAThread(f"Post {post_id} is a {item.type}, not a story: give the id of the thread itself.")
    if item.deleted or not item.title:
        raise NotAThread(f"Post {post_id} was deleted or has no title.")
    if item.posted_at is None or item.posted_at.year < FIRST_YEAR:
        raise NotAThread(f"Post {post_id} has no usable date: {item.posted_at}.")
    return item


def month_of(title: str, posted_at: datetime) -> tuple[int, int]:
    """Return the year and month that a thread is about: from a title like "… (August 2024)", else its date."""
    found = re.search(r"\b(" + "|".join(MONTHS) + r")\s+(20(?:0[6-9]|[1-9]\d))\b", title, re.IGNORECASE)
    if found:
        return int(found[2]), MONTHS.index(found[1].lower()) + 1
    return posted_at.year, posted_at.month


def _save_post(source: str, item: Item, year: int | None, month: int | None) -> Post:
    """Write the post. A month that was given wins over one that is stored, that one over what the title says."""
    fields = {
        "title": item.title[:TITLE_LENGTH],
        "text": item.text,
        "author": item.author[:AUTHOR_LENGTH],
        "score": item.score,
        "descendants": item.descendants,
        "posted_at": item.posted_at,
        "kids": list(item.kids),
        "dead": item.dead,
        "deleted": item.deleted,
    }
    own_id = {"id": item.id} if source == Source.HACKER_NEWS else {}
    titled_year, titled_month = month_of(item.title, item.posted_at)
    given = {name: value for name, value in (("year", year), ("month", month)) if value is not None}
    post, _ = Post.objects.update_or_create(
        source=source,
        source_id=str(item.id),
        defaults=fields | given,
        create_defaults=own_id | {"year": titled_year, "month": titled_month} | fields | given,
    )
    return post


def _lots(items: AsyncIterator) -> Iterable[list]:
    """Take the items as they come, in lots: the database is written between two turns of the loop."""

    async def take() -> list:
        lot = []
        async for entry in items:
            lot.append(entry)
            if len(lot) == LOT:
                break
        return lot

    try:
        while lot := event_loop.run(take()):
            yield lot
    finally:
        event_loop.run(items.aclose())


def _save_lot(post: Post, lot: list, collected: Collected) -> None:
    items = [answer for _, answer in lot if isinstance(answer, Item)]
    collected.failed += [item_id for item_id, answer in lot if isinstance(answer, HackerNewsError)]
    # Null is "not served yet": there is nothing to save, and a later look asks again.
    collected.comments_skipped += sum(answer is None for _, answer in lot)
    with transaction.atomic():
        _lock_thread(post)
        known = {
            comment.source_id: comment
            for comment in Comment.objects.filter(source=post.source, source_id__in=[str(item.id) for item in items])
        }
        new = [_new_comment(post, item) for item in items if str(item.id) not in known]
        Comment.objects.bulk_create(new)
        changed = [_apply(item, known[str(item.id)]) for item in items if str(item.id) in known]
    collected.comments_saved += len(new)
    collected.comments_updated += sum(changed)
    collected.comments_skipped += len(changed) - sum(changed)


def _lock_thread(post: Post) -> None:
    """Let two collections of one thread write one after another; the lock ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"waywo post {post.pk}"])


def _initial_status(comment: Comment) -> str:
    readable = not (comment.dead or comment.deleted) and plain_text(comment.text).strip()
    return Comment.Status.PENDING if readable else Comment.Status.SKIPPED


def _new_comment(post: Post, item: Item) -> Comment:
    comment = Comment(
        source=post.source,
        source_id=str(item.id),
        post=post,
        author=item.author[:AUTHOR_LENGTH],
        text=item.text,
        posted_at=item.posted_at or post.posted_at,
        dead=item.dead,
        deleted=item.deleted,
    )
    if post.source == Source.HACKER_NEWS:
        comment.pk = item.id
    comment.status = _initial_status(comment)
    return comment


def _apply(item: Item, comment: Comment) -> bool:
    """Bring a known comment up to date. Return whether the source had changed it."""
    # A deleted item is served without its text: what was said before is kept.
    text = comment.text if item.deleted else item.text
    if (comment.text, comment.dead, comment.deleted) == (text, item.dead, item.deleted):
        return False
    was_edited = text.split() != comment.text.split()
    came_back = (comment.dead or comment.deleted) and not (item.dead or item.deleted)
    comment.text, comment.dead, comment.deleted = text, item.dead, item.deleted
    fields = ["text", "dead", "deleted"]
    withdrawn = (item.dead or item.deleted) and comment.status == Comment.Status.PENDING
    if was_edited or withdrawn or (came_back and comment.status == Comment.Status.SKIPPED):
        # Ending the claim makes a reading that is under way come to nothing: it read the old text.
        comment.status, comment.claimed_at, comment.claimed_by = _initial_status(comment), None, ""
        comment.attempts, comment.last_error = 0, ""
        fields += ["status", "claimed_at", "claimed_by", "attempts", "last_error"]
    comment.save(update_fields=fields)
    return True
