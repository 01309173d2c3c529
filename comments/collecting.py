"""Collects threads: the post first, then of its comments what is new or may have changed, saved as they come."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Q
from django.utils import timezone

from comments.item_ids import item_id_of
from comments.models import FIRST_FOREIGN_ID, LIVE_FOR, Comment, Post, Source
from comments.months import FIRST_YEAR
from comments.saving import Collected, save_lot, save_post
from comments.sources import FoundThread, ThreadSource, enabled_sources, source_named
from comments.sources.item_api import Answer, Item
from comments.sources.known_threads import ThreadsFileError
from core import event_loop
from core.http import OutsideError, Unavailable
from core.locks import host_slots
from core.progress import Progress, no_progress

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Comments are saved in lots of this size, so that a worker which dies loses seconds of work and not a thread.
LOT = 100
# So many are asked for before the slots of the host are given back, and with that shared with those who wait.
STRETCH = 200
# A collection that misses more than this share of the comments has failed (it is complete after the next look).
TOLERATED_FAILURES = 0.05
# For fewer comments than this the copy of a whole thread, with all its answers, is more than what is wanted.
WORTH_A_COPY = 20
PATIENCE = 15  # seconds that a person waits for a thread to be looked up


class CollectionError(Exception):
    """A thread could not be collected; the message is one line that names it."""


class NotAThread(CollectionError):
    """The id is not one of a thread: unknown, a comment, a job, deleted."""


@dataclass(frozen=True)
class DueThread:
    """A thread to collect: the arguments of ``process_waywo_post``."""

    post_id: int
    year: int
    month: int


def collect_post(
    post_id: int,
    *,
    year: int | None = None,
    month: int | None = None,
    limit_comments: int | None = None,
    progress: Progress = no_progress,
) -> Collected:
    """Collect one thread: its post, then of the first ``limit_comments`` (all) top-level comments what is due.

    Due is what is not stored yet, and what may have been edited or removed since the last look. A thread that has
    settled is looked at as a whole: somebody asked. ``post_id`` is a Hacker News item id, or the id that a post of
    another source has here. ``year`` and ``month`` say which month it belongs to; else ``threads.yml``, the title or
    the date does.

    A stored thread that was deleted at its source is marked so and settled; the result says ``deleted``.

    Raises ValueError for an argument out of range, NotAThread, OutsideError when the post cannot be had (nothing
    is saved then), and CollectionError when more than 5 % of the comments could not be had (the others are saved).
    """
    _check_arguments(post_id, year, month, limit_comments)
    source, source_id = _source_of(post_id)
    with _opened(source):
        return _collect(source, source_id, year, month, limit_comments, progress)


def collect_sample(progress: Progress = no_progress) -> Collected:
    """Collect the sample thread that ships with Waywo. Needs no network; running it again changes nothing."""
    from comments.sources.sample import SampleThread

    sample = SampleThread()
    return _collect(sample, str(sample.post_id), None, None, None, progress)


def threads_to_collect(limit_posts: int | None = None) -> tuple[list[DueThread], list[str]]:
    """Return of the newest ``limit_posts`` (all) threads of each enabled source those that are due, newest first.

    Beside it stands a line for each source that did not say what it has; the others are unharmed. A settled thread
    is not due. Raises ValueError for a limit below 1, and the error of a source when there is no other.
    """
    check_limit("limit_posts", limit_posts)
    due: list[DueThread] = []
    errors: list[Exception] = []
    sources = enabled_sources()
    for source, found in zip(sources, _find_side_by_side(sources), strict=True):
        if isinstance(found, OutsideError | ThreadsFileError):
            errors.append(found)
        elif isinstance(found, BaseException):
            raise found
        else:
            due += _due_of(source, found, limit_posts)
    if errors and len(errors) == len(sources):
        raise errors[0]
    return due, [str(error) for error in errors]


def collect_posts(
    limit_posts: int | None = None, limit_comments: int | None = None, progress: Progress = no_progress
) -> dict[str, Any]:
    """Collect the newest threads of all enabled sources, as far as they are due, one after another in this process.

    A thread or a source that fails is named in ``errors`` and does not stop the others. Returns counts and errors as
    JSON.
    """
    check_limit("limit_comments", limit_comments)
    threads, failures = threads_to_collect(limit_posts)
    posts: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = [{"post_id": None, "error": failure} for failure in failures]
    for done, thread in enumerate(threads):
        progress(f"post {thread.post_id}", done, len(threads))
        try:
            collected = collect_post(**vars(thread), limit_comments=limit_comments)
        except (CollectionError, OutsideError) as error:
            errors.append({"post_id": thread.post_id, "error": str(error)})
        else:
            posts.append(collected.as_dict())
    progress("posts", len(threads), len(threads))
    return {"status": "partial" if errors else "success", "posts": posts, "errors": errors}


def look_up_post(text: str) -> Item:
    """Return the thread on Hacker News that ``text`` names by id or address, as it is now; nothing is saved.

    Raises ValueError for a text that names none, NotAThread, and OutsideError when it cannot be had, or not within
    15 s: somebody waits.
    """
    post_id = item_id_of(text)
    source = source_named(Source.HACKER_NEWS)
    with _opened(source):
        return _checked_thread(str(post_id), _ask(source, _in_time(source.item(str(post_id)), post_id)))


async def _in_time(question: Coroutine[Any, Any, T], post_id: int) -> T:
    try:
        async with asyncio.timeout(PATIENCE):
            return await question
    except TimeoutError:
        raise Unavailable(f"Post {post_id}: no answer within {PATIENCE} s.") from None


def add_post(text: str, *, year: int | None = None, month: int | None = None) -> Post:
    """Save the thread that ``text`` names by id or address, for the next collection to fill, and return it.

    One that is there already is brought up to date. Raises what ``look_up_post`` raises.
    """
    check_month(year, month)
    return save_post(Source.HACKER_NEWS, look_up_post(text), year, month)


def check_month(year: int | None, month: int | None) -> None:
    """Raise ValueError for a year or month that is out of range."""
    if year is not None and not 2006 <= year <= 2200:
        raise ValueError(f"year={year} is invalid: it expects a year from 2006 to 2200.")
    if month is not None and not 1 <= month <= 12:
        raise ValueError(f"month={month} is invalid: it expects a month from 1 to 12.")


def check_limit(name: str, limit: int | None) -> None:
    """Raise ValueError when ``limit`` is neither None nor a whole number of 1 or more."""
    if limit is not None and limit < 1:
        raise ValueError(f"{name}={limit} is invalid: it expects a whole number of 1 or more.")


def _check_arguments(post_id: Any, year: int | None, month: int | None, limit_comments: int | None) -> None:
    if isinstance(post_id, bool) or not isinstance(post_id, int) or not 0 < post_id < 2**63:
        raise ValueError(f"post_id={post_id!r} is invalid: it expects the number of a Hacker News item.")
    check_month(year, month)
    check_limit("limit_comments", limit_comments)


@contextmanager
def _opened(source: ThreadSource) -> Iterator[None]:
    event_loop.run(source.__aenter__())
    try:
        yield
    finally:
        event_loop.run(source.__aexit__(None, None, None))


def _source_of(post_id: int) -> tuple[ThreadSource, str]:
    if post_id < FIRST_FOREIGN_ID:
        return source_named(Source.HACKER_NEWS), str(post_id)
    post = Post.objects.exclude(source=Source.SAMPLE).filter(pk=post_id).first()
    if post is None:
        raise NotAThread(f"Post {post_id}: there is no such post to collect.")
    return source_named(post.source), post.source_id


def _find_side_by_side(sources: list[ThreadSource]) -> list[list[FoundThread] | BaseException]:
    """Return what each source has, or what went wrong with it; all are asked at once."""

    async def find(source: ThreadSource) -> list[FoundThread]:
        async with source:
            return await source.find_threads()

    async def find_all() -> list[list[FoundThread] | BaseException]:
        return await asyncio.gather(*map(find, sources), return_exceptions=True)

    with ExitStack() as slots:
        # In the order of their names: two who want the same slots never wait for each other.
        for source in sorted(sources, key=lambda source: source.name):
            slots.enter_context(host_slots(source.address, source.concurrency))
        return event_loop.run(find_all())


def _due_of(source: ThreadSource, found: list[FoundThread], limit_posts: int | None) -> list[DueThread]:
    for thread in found:
        if thread.post is not None:
            _keep_found(source, thread.source_id, thread.post)
    posts = Post.objects.filter(source=source.name)
    stored = {
        post.source_id: DueThread(post.pk, post.year, post.month)
        for post in posts.only("pk", "source_id", "year", "month")
    }
    threads = {}
    if source.name == Source.HACKER_NEWS:
        threads = {thread.source_id: DueThread(int(thread.source_id), thread.year, thread.month) for thread in found}
    # A person may have given a stored thread another month than the file says.
    threads |= stored
    newest = sorted(threads.values(), key=lambda thread: (thread.year, thread.month, thread.post_id), reverse=True)
    due = set(posts.due_for_collection().values_list("source_id", flat=True)) | (threads.keys() - stored.keys())
    ids = {threads[source_id].post_id for source_id in due}
    return [thread for thread in newest[:limit_posts] if thread.post_id in ids]


def _keep_found(source: ThreadSource, source_id: str, item: Item) -> None:
    """Give a thread that a list brought its row, and with it its number here."""
    if not Post.objects.filter(source=source.name, source_id=source_id).exists():
        save_post(source.name, item)


def _ask(source: ThreadSource, question: Coroutine[Any, Any, T], address: str = "") -> T:
    """Ask one question within the limit of the host."""
    with host_slots(address or source.address, source.concurrency):
        return event_loop.run(question)


def _collect(
    source: ThreadSource,
    source_id: str,
    year: int | None,
    month: int | None,
    limit_comments: int | None,
    progress: Progress,
) -> Collected:
    started = timezone.now()
    answer = _ask(source, source.item(source_id))
    before = Post.objects.filter(source=source.name, source_id=source_id).first()
    if before is not None and _is_deleted(before, answer):
        return _delete(before, started)
    item = _checked_thread(source_id, answer)
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
        progress(f"post {post.source_id}", done, len(look.wanted))
    if len(collected.failed) > TOLERATED_FAILURES * len(look.wanted):
        raise CollectionError(
            f"Post {source_id}: {len(collected.failed)} of {len(look.wanted)} comments could not be had; "
            f"{collected.comments_saved} are saved. Collect it again for the rest."
        )
    post.collected_at = started
    if look.is_whole and _is_settled(post, collected):
        post.settled_at = started
    post.save(update_fields=["collected_at", "settled_at"])
    return collected


def _is_deleted(post: Post, answer: Item | None) -> bool:
    """Return whether a stored thread is no more at its source. Null alone says so of old ones: it may be a hiccup."""
    if answer is None:
        return post.has_closed(timezone.now() - LIVE_FOR)
    return answer.deleted and answer.type == "story"


def _delete(post: Post, found_at: datetime) -> Collected:
    """Mark a thread as deleted at its source and as settled; what was collected of it stays."""
    post.deleted, post.collected_at, post.settled_at = True, found_at, found_at
    post.save(update_fields=["deleted", "collected_at", "settled_at"])
    logger.warning("Post %s was deleted at its source; schedules ask for it no more.", post.source_id)
    return Collected(post.pk, post.title, len(post.kids), deleted=True)


class _Plan:
    """Which comments of a thread are wanted (``wanted``), and which of them must be asked for (``due``).

    ``new`` of the due are not stored; ``is_asked`` is true for a thread that had settled: all of it is due.
    """

    def __init__(
        self, source: ThreadSource, post: Post, before: Post | None, item: Item, limit_comments: int | None
    ) -> None:
        kids = list(item.kids[:limit_comments])
        native = type(item.id)
        rows = Comment.objects.filter(Q(post=post) | Q(source=post.source, source_id__in=[str(kid) for kid in kids]))
        stored = {native(source_id) for source_id in rows.values_list("source_id", flat=True)}
        shown = set(item.kids)
        # A comment that was removed with all below it may be named no more.
        outside = sorted(stored - shown) if limit_comments is None else []
        self.post = post
        self.source_id = str(item.id)
        self.is_whole = len(kids) == len(item.kids)
        self.is_asked = before is not None and before.settled_at is not None
        if self.is_asked or source.is_whole:
            looks = stored
        else:
            looks = {native(source_id) for source_id in rows.due_for_a_look().values_list("source_id", flat=True)}
            looks |= (set(before.kids) - shown if before else set()) & stored
        self.wanted = kids + [kid for kid in outside if kid in looks]
        self.due = [kid for kid in self.wanted if kid in looks or kid not in stored]
        self.new = {kid for kid in self.due if kid not in stored}


def _answers(source: ThreadSource, look: _Plan, collected: Collected) -> Iterator[list]:
    """Yield what is due in lots: from the copy of the thread where that is sure, else asked for one by one."""
    to_ask = look.due
    if source.copy_address and len(look.due if look.is_asked else look.new) > WORTH_A_COPY:
        copy = _copy(source, look.source_id)
        sure = [kid for kid in look.new if kid in copy]
        unchanged = _unchanged(look, copy) if look.is_asked else set()
        collected.comments_skipped += len(unchanged)
        for start in range(0, len(sure), LOT):
            yield [(kid, copy.pop(kid)) for kid in sure[start : start + LOT]]
        answered = unchanged.union(sure)
        to_ask = [kid for kid in look.due if kid not in answered]
    missed = []
    for lot in _asked(source, to_ask):
        missed += [entry for entry in lot if _may_pass(entry[1])]
        yield [entry for entry in lot if not _may_pass(entry[1])]
    # A few are asked for once more at the end, when what kept them back may have passed; a source that is down is not.
    if len(missed) <= TOLERATED_FAILURES * len(to_ask):
        yield from _asked(source, [item_id for item_id, _ in missed])
    else:
        yield missed


def _may_pass(answer: Answer) -> bool:
    return isinstance(answer, OutsideError) and not answer.permanent


def _asked(source: ThreadSource, item_ids: list[int | str]) -> Iterator[list]:
    """Yield in lots what the source answers to each id, with the slots of its host held for a stretch at a time."""
    for start in range(0, len(item_ids), STRETCH):
        stretch = item_ids[start : start + STRETCH]
        with host_slots(source.address, source.concurrency, len(stretch)) as at_once:
            yield from _lots(source.items(stretch, at_once))


def _copy(source: ThreadSource, source_id: str) -> dict[int | str, Item]:
    """Return the copy of a thread; nothing where it cannot be had, since all of it can be asked for one by one."""
    try:
        return _ask(source, source.copy(source_id), source.copy_address)
    except OutsideError as error:
        logger.warning("%s The comments are asked for one by one.", error)
        return {}


def _unchanged(look: _Plan, copy: dict[int | str, Item]) -> set[int | str]:
    """Return the stored comments that the copy shows as we have them.

    Where it differs the source itself decides: the copy may be older than what is stored.
    """
    native = type(next(iter(copy), ""))
    stored = Comment.objects.filter(post=look.post).visible().values_list("source_id", "text")
    texts = {native(source_id): text for source_id, text in stored}
    return {kid for kid in look.due if kid in copy and kid in texts and copy[kid].text.split() == texts[kid].split()}


def _is_settled(post: Post, collected: Collected) -> bool:
    """Return whether nothing more is to come: the thread is closed, and nothing of it is owed to us."""
    now = timezone.now()
    # What a source has not served four weeks on, it will not.
    all_served = not collected.not_served or post.has_closed(now - LIVE_FOR)
    return post.has_closed(now) and not collected.failed and all_served


def _checked_thread(source_id: str, item: Item | None) -> Item:
    if item is None:
        raise NotAThread(f"Post {source_id}: there is no such item on Hacker News (it answered null).")
    if item.type != "story":
        raise NotAThread(f"Post {source_id} is a {item.type}, not a story: give the id of the thread itself.")
    if item.deleted or not item.title:
        raise NotAThread(f"Post {source_id} was deleted or has no title.")
    if item.posted_at is None or item.posted_at.year < FIRST_YEAR:
        raise NotAThread(f"Post {source_id} has no usable date: {item.posted_at}.")
    return item


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
