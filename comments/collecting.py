"""Collects threads: their own item, then of their comments what is new or may have changed, saved as they come."""

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone

from comments.adding import CollectionError, NotAThread, check_month, checked_thread
from comments.asking import LOT, Lot, ask, ask_for_all, opened
from comments.due_threads import check_limit, threads_to_collect
from comments.models import FIRST_FOREIGN_ID, LIVE_FOR, Comment, Post, Source
from comments.saving import Collected, save_lot, save_post
from comments.sources import ItemSource, ThreadSource, source_named
from comments.sources.items import Answer, Item, ItemId
from core.http import NotAsked, OutsideError, Unavailable
from core.progress import Progress, no_progress

logger = logging.getLogger(__name__)

# A collection that misses more than this share of the comments has failed (it is complete after the next look).
TOLERATED_FAILURES = 0.05
# For fewer comments than this the copy of a whole thread, with all its answers, is more than what is wanted.
WORTH_A_COPY = 20


def collect_post(
    post_id: int,
    *,
    year: int | None = None,
    month: int | None = None,
    limit_comments: int | None = None,
    progress: Progress = no_progress,
) -> Collected:
    """Collect one thread: its own item, then of the first ``limit_comments`` (all) top-level comments what is due.

    Due is what is not stored yet, and what may have been edited or removed since the last look. A thread that has
    settled is looked at as a whole: somebody asked. ``post_id`` is a Hacker News item id, or the id that a post of
    another source has here. ``year`` and ``month`` say which month it belongs to; else ``threads.yml``, the title or
    the date does.

    A stored thread that was deleted at its source is marked so and settled; the result says ``deleted``. What the
    source refuses (403), the thread or comments, the result says in ``missing``. The sample thread is looked at in its
    file.

    Raises ValueError for an argument out of range, NotAThread, OutsideError when the thread cannot be had (nothing
    is saved then), Unavailable when the source goes down meanwhile, and CollectionError when more than 5 % of the
    comments could not be had (what came is saved).
    """
    _check_arguments(post_id, year, month, limit_comments)
    if Post.objects.filter(pk=post_id, source=Source.SAMPLE).exists():
        return collect_sample(progress)
    source, source_id = _source_of(post_id)
    with opened(source):
        try:
            return _collect(source, source_id, year, month, limit_comments, progress)
        except OutsideError as error:
            if not error.is_forbidden:
                raise
            title = Post.objects.filter(pk=post_id).values_list("title", flat=True).first() or ""
            return Collected(post_id, title, 0, missing=[f"Thread {source_id}: {error}"])


def collect_sample(progress: Progress = no_progress) -> Collected:
    """Collect the sample thread that ships with Waywo. Needs no network; running it again changes nothing."""
    from comments.sources.sample import SampleThread

    sample = SampleThread()
    return _collect(sample, str(sample.post_id), None, None, None, progress)


def collect_posts(
    limit_posts: int | None = None,
    limit_comments: int | None = None,
    source: str | None = None,
    max_age_days: int | None = None,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Collect the threads that ``threads_to_collect`` chooses, one after another in this process.

    A thread or a source that fails is named in ``errors`` and does not stop the others; ``missing`` has a line for what
    was refused of threads. Returns counts and errors as JSON. Raises what ``threads_to_collect`` raises.
    """
    check_limit("limit_comments", limit_comments)
    threads, failures = threads_to_collect(limit_posts, source=source, max_age_days=max_age_days)
    posts: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = [{"post_id": None, "error": failure} for failure in failures]
    for done, thread in enumerate(threads):
        progress(f"thread {thread.post_id}", done, len(threads))
        try:
            collected = collect_post(**vars(thread), limit_comments=limit_comments)
        except (CollectionError, OutsideError) as error:
            errors.append({"post_id": thread.post_id, "error": str(error)})
        else:
            posts.append(collected.as_dict())
    progress("threads", len(threads), len(threads))
    missing = [line for post in posts for line in post["missing"]]
    is_whole = not errors and all(post["status"] == "success" for post in posts)
    return {"status": "success" if is_whole else "partial", "posts": posts, "errors": errors, "missing": missing}


def _check_arguments(post_id: Any, year: int | None, month: int | None, limit_comments: int | None) -> None:
    if isinstance(post_id, bool) or not isinstance(post_id, int) or not 0 < post_id < 2**63:
        raise ValueError(f"post_id={post_id!r} is invalid: it expects the number of a Hacker News item.")
    check_month(year, month)
    check_limit("limit_comments", limit_comments)


def _source_of(post_id: int) -> tuple[ThreadSource, str]:
    if post_id < FIRST_FOREIGN_ID:
        return source_named(Source.HACKER_NEWS), str(post_id)
    post = Post.objects.filter(pk=post_id).first()
    if post is None:
        raise NotAThread(f"Thread {post_id}: there is no such thread to collect.")
    return source_named(post.source), post.source_id


def _collect(
    source: ItemSource,
    source_id: str,
    year: int | None,
    month: int | None,
    limit_comments: int | None,
    progress: Progress,
) -> Collected:
    started = timezone.now()
    answer = ask(source, source.item(source_id))
    before = Post.objects.filter(source=source.name, source_id=source_id).first()
    if before is not None and _is_deleted(before, answer):
        return _delete(before, started)
    item = checked_thread(source_id, answer)
    post = save_post(source.name, item, year, month)
    if before is not None and before.deleted:
        # It is shown again: the schedules look at it as at any other.
        post.settled_at = None
        post.save(update_fields=["settled_at"])
    look = _Plan(source, post, before, item, limit_comments)
    collected = Collected(post.pk, post.title, len(item.kids), comments_skipped=len(look.wanted) - len(look.due))
    done = collected.comments_skipped
    for lot in _answers(source, look, collected):
        save_lot(post, lot, collected, started)
        done += len(lot)
        progress(f"thread {post.source_id}", done, len(look.wanted))
    if len(collected.failed) > TOLERATED_FAILURES * len(look.wanted):
        raise CollectionError(
            f"Thread {source_id}: {len(collected.failed)} of {len(look.wanted)} comments could not be had; "
            f"{collected.comments_saved} are saved. Collect it again for the rest."
        )
    post.collected_at = started
    if look.is_whole and _is_settled(post, collected):
        post.settled_at = started
    post.save(update_fields=["collected_at", "settled_at"])
    return collected


def _is_deleted(post: Post, answer: Item | None) -> bool:
    """Return whether a stored thread is gone from its source. Null alone says so of old ones: it may be a hiccup."""
    if answer is None:
        return post.has_closed(timezone.now() - LIVE_FOR)
    return answer.deleted and answer.type == "story"


def _delete(post: Post, found_at: datetime) -> Collected:
    """Mark a thread as deleted at its source and as settled; what was collected of it stays."""
    post.deleted, post.collected_at, post.settled_at = True, found_at, found_at
    post.save(update_fields=["deleted", "collected_at", "settled_at"])
    logger.warning("Thread %s was deleted at its source; schedules no longer ask for it.", post.source_id)
    return Collected(post.pk, post.title, len(post.kids), deleted=True)


class _Plan:
    """Which comments of a thread are wanted (``wanted``), and which of them must be asked for (``due``).

    ``new`` of the due are not stored; ``is_asked`` is true for a thread that had settled: all of it is due.
    """

    def __init__(
        self, source: ItemSource, post: Post, before: Post | None, item: Item, limit_comments: int | None
    ) -> None:
        kids = list(item.kids[:limit_comments])
        native = type(item.id)
        rows = Comment.objects.filter(Q(post=post) | Q(source=post.source, source_id__in=[str(kid) for kid in kids]))
        stored = {native(source_id) for source_id in rows.values_list("source_id", flat=True)}
        shown = set(item.kids)
        # A comment that was removed with all below it may no longer be named.
        outside = sorted(stored - shown) if limit_comments is None else []
        self.post = post
        self.source_id = str(item.id)
        self.is_whole = len(kids) == len(item.kids)
        self.is_asked = before is not None and before.settled_at is not None
        if self.is_asked or source.is_whole:
            looks = stored
        else:
            looks = {native(source_id) for source_id in rows.due_for_a_look().values_list("source_id", flat=True)}
            looks |= ({kid for kid in before.kids if kid not in shown} if before else set()) & stored
        self.wanted = kids + [kid for kid in outside if kid in looks]
        self.due = [kid for kid in self.wanted if kid in looks or kid not in stored]
        self.new = {kid for kid in self.due if kid not in stored}


def _answers(source: ItemSource, look: _Plan, collected: Collected) -> Iterator[Lot]:
    """Yield what is due in lots: from the copy of the thread where that is sure, else asked for one by one."""
    to_ask = look.due
    if source.copy_address and len(look.due if look.is_asked else look.new) > WORTH_A_COPY:
        copy = _copy(source, look.source_id)
        sure = [kid for kid in look.new if kid in copy]
        unchanged = _unchanged(look, copy) if look.is_asked else set()
        collected.comments_skipped += len(unchanged)
        for start in range(0, len(sure), LOT):
            yield [(kid, copy.pop(kid)) for kid in sure[start : start + LOT]]
        copied = unchanged.union(sure)
        to_ask = [kid for kid in look.due if kid not in copied]
    missed: Lot = []
    answered: set[ItemId] = set()
    for lot in ask_for_all(source, to_ask):
        answered.update(item_id for item_id, _ in lot)
        missed += [entry for entry in lot if _may_pass(entry[1])]
        yield [entry for entry in lot if not _may_pass(entry[1])]
        if down := next((answer for _, answer in lot if isinstance(answer, NotAsked)), None):
            # It was asked, so this counts as a try: a source that serves posts and no comments is not asked for ever.
            raise Unavailable(str(down), retry_after=down.retry_after)
        if len(lot) > WORTH_A_COPY and all(_is_forbidden(answer) for _, answer in lot):
            # Who refuses so many refuses the rest too, and is not asked for it.
            yield [(item_id, lot[0][1]) for item_id in to_ask if item_id not in answered]
            return
    # A few are asked for once more at the end, when what kept them back may have passed; a source that is down is not.
    if len(missed) <= TOLERATED_FAILURES * len(to_ask):
        yield from ask_for_all(source, [item_id for item_id, _ in missed])
    else:
        yield missed


def _may_pass(answer: Answer) -> bool:
    return isinstance(answer, OutsideError) and not answer.permanent


def _is_forbidden(answer: Answer) -> bool:
    return isinstance(answer, OutsideError) and answer.is_forbidden


def _copy(source: ItemSource, source_id: str) -> dict[ItemId, Item]:
    """Return the copy of a thread; nothing where it cannot be had, since all of it can be asked for one by one."""
    try:
        return ask(source, source.copy(source_id), source.copy_address)
    except OutsideError as error:
        logger.warning("%s The comments are asked for one by one.", error)
        return {}


def _unchanged(look: _Plan, copy: dict[ItemId, Item]) -> set[ItemId]:
    """Return the stored comments that the copy shows as we have them.

    Where it differs the source itself decides: the copy may be older than what is stored.
    """
    native = type(next(iter(copy), ""))
    stored = Comment.objects.filter(post=look.post).present().values_list("source_id", "text")
    texts = {native(source_id): text for source_id, text in stored}
    return {kid for kid in look.due if kid in copy and kid in texts and copy[kid].text.split() == texts[kid].split()}


def _is_settled(post: Post, collected: Collected) -> bool:
    """Return whether nothing more is to come: the thread is closed, and nothing of it is owed to us."""
    now = timezone.now()
    # What a source has not served four weeks on, or refuses then, it will not give.
    all_served = not (collected.not_served or collected.refused) or post.has_closed(now - LIVE_FOR)
    return post.has_closed(now) and not collected.failed and all_served
