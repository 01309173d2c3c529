"""Which threads of the sources are due for a collection."""

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from comments.models import Post, Source
from comments.saving import save_post
from comments.source_health import counted
from comments.sources import FoundThread, ThreadSource, chosen_sources
from comments.sources.items import Item
from comments.sources.known_threads import ThreadsFileError
from core import event_loop
from core.http import OutsideError
from core.jobs.sending import LARGEST_LIMIT
from core.locks import host_slots


@dataclass(frozen=True)
class DueThread:
    """A thread to collect: the arguments of ``process_waywo_post``."""

    post_id: int
    year: int
    month: int


def threads_to_collect(
    limit_posts: int | None = None, *, source: str | None = None, max_age_days: int | None = None
) -> tuple[list[DueThread], list[str]]:
    """Return of the newest ``limit_posts`` (all) threads of each enabled source those that are due, newest first.

    ``source`` names one, enabled or not, instead. With ``max_age_days`` only threads are due that were posted in the
    last so many days; of one that was never collected the month says whether it may be so young.

    Beside it stands a line for each source that did not say what it has; the others are unharmed. A settled thread
    is not due. Raises ValueError for a limit below 1 and an unknown source, and the error of a source when no source
    answers and it may pass: what is refused (403) is not tried again.
    """
    check_limit("limit_posts", limit_posts)
    check_limit("max_age_days", max_age_days)
    since = None if max_age_days is None else timezone.now() - timedelta(days=max_age_days)
    due: list[DueThread] = []
    errors: list[Exception] = []
    sources = chosen_sources(source)
    for each, found in zip(sources, _find_side_by_side(sources), strict=True):
        if isinstance(found, OutsideError | ThreadsFileError):
            errors.append(found)
        elif isinstance(found, BaseException):
            raise found
        else:
            due += _due_of(each, found, limit_posts, since)
    if len(errors) == len(sources) and not all(map(_is_forbidden, errors)):
        raise errors[0]
    return due, [str(error) for error in errors]


def _is_forbidden(error: Exception) -> bool:
    return isinstance(error, OutsideError) and error.is_forbidden


def check_limit(name: str, limit: int | None) -> None:
    """Raise ValueError when ``limit`` is neither None nor a whole number from 1 to LARGEST_LIMIT."""
    if limit is not None and not 1 <= limit <= LARGEST_LIMIT:
        raise ValueError(f"{name}={limit} is invalid: it expects a whole number from 1 to {LARGEST_LIMIT}.")


def _find_side_by_side(sources: list[ThreadSource]) -> list[list[FoundThread] | BaseException]:
    """Return what each source has, or what went wrong with it; all are asked at once."""

    async def find(source: ThreadSource) -> list[FoundThread]:
        async with source:
            return await source.find_threads()

    async def find_all() -> list[list[FoundThread] | BaseException]:
        return await asyncio.gather(*map(find, sources), return_exceptions=True)

    with counted(), ExitStack() as slots:
        # In the order of their names: two who want the same slots never wait for each other.
        for source in sorted(sources, key=lambda source: source.name):
            slots.enter_context(host_slots(source.address, source.concurrency))
        return event_loop.run(find_all())


def _due_of(
    source: ThreadSource, found: list[FoundThread], limit_posts: int | None, since: datetime | None
) -> list[DueThread]:
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
    unknown = threads.keys() - stored.keys()
    due_posts = posts.due_for_collection()
    if since is not None:
        due_posts = due_posts.filter(posted_at__gte=since)
        unknown = {one for one in unknown if (threads[one].year, threads[one].month) >= (since.year, since.month)}
    due = {threads[one].post_id for one in {*due_posts.values_list("source_id", flat=True), *unknown}}
    return [thread for thread in newest[:limit_posts] if thread.post_id in due]


def _keep_found(source: ThreadSource, source_id: str, item: Item) -> None:
    """Give a thread that a list brought its row, and with it its number here."""
    if not Post.objects.filter(source=source.name, source_id=source_id).exists():
        save_post(source.name, item)
