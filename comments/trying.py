"""Tries a source: the threads that it finds, and the first comments of the newest one. Nothing of it is saved."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from comments.asking import ask, opened
from comments.discovery import search_threads
from comments.models import Source
from comments.months import month_of
from comments.sources import FoundThread, ThreadSource, source_named
from comments.sources.items import Answer, Item
from comments.text import plain_text
from core.http import OutsideError

EXCERPT = 200  # characters
MOST_COMMENTS = 100
# Threads that are shown of those found, newest first.
MOST_THREADS = 10
# The list of known threads may name some that a source does not have: so many are asked for until one is there.
MOST_TRIES = 10
# How far back Hacker News is searched.
SEARCHED = timedelta(days=200)


def try_source(name: str, limit: int = 5) -> dict[str, Any]:
    """Ask a source, enabled or not, for its threads and the first ``limit`` comments of the newest that it serves.

    Returns as JSON ``threads_found``, ``threads`` (the newest ten), ``post`` (the thread that was served, None without
    one), ``comments`` (their starts) and ``missing``: a line for what could not be had, with which the status is
    partial. Raises ValueError for a name that is not a source and a limit that is not from 1 to 100, and OutsideError
    or ThreadsFileError when the source does not answer or answers what cannot be read.
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST_COMMENTS:
        raise ValueError(f"limit={limit!r} is invalid: it expects a whole number from 1 to {MOST_COMMENTS}.")
    source = source_named(name)
    result: dict[str, Any] = {"source": name, "threads_found": 0, "threads": [], "post": None, "comments": []}
    missing: list[str] = []
    with opened(source):
        try:
            threads = ask(source, source.find_threads())
            titles = {one.source_id: one.post.title for one in threads if one.post}
            if name == Source.HACKER_NEWS:
                threads = _with_searched(threads, titles, missing)
            shown = [_thread(one, titles.get(one.source_id, "")) for one in threads[:MOST_THREADS]]
            result |= {"threads_found": len(threads), "threads": shown}
            post = _newest_served(source, threads, missing)
            if post is not None:
                result["post"] = {
                    "id": post.id,
                    "title": post.title,
                    "author": post.author,
                    "total_kids": len(post.kids),
                }
                result["comments"] = ask(source, _comments(source, post, limit))
        except OutsideError as error:
            if not error.is_forbidden:
                raise
            missing.append(str(error))
    missing += [f"Comment {one['id']}: {one['error']}" for one in result["comments"] if "error" in one]
    return {"status": "partial" if missing else "success"} | result | {"missing": missing}


def _newest_served(source: ThreadSource, threads: list[FoundThread], missing: list[str]) -> Item | None:
    """Return the newest thread that the source serves; note those that it does not in ``missing``."""
    absent: list[str] = []
    served = None
    for thread in threads[:MOST_TRIES]:
        post = ask(source, source.item(thread.source_id))
        if post is not None and not post.deleted and not post.dead:
            served = post
            break
        absent.append(f"{thread.source_id} ({thread.year}-{thread.month:02})")
    if absent:
        more = f" and {len(absent) - 3} more" if len(absent) > 3 else ""
        missing.append(f"These threads are not served: {', '.join(absent[:3])}{more}.")
    return served


def _with_searched(threads: list[FoundThread], titles: dict[str, str], missing: list[str]) -> list[FoundThread]:
    """Return the known threads of Hacker News and those that its search finds, newest first; note their titles.

    A search that does not answer is noted in ``missing``: its endpoint is tried by this, too.
    """
    try:
        hits = search_threads(timezone.now() - SEARCHED)
    except OutsideError as error:
        missing.append(str(error))
        return threads
    found = {thread.source_id: thread for thread in threads}
    for hit in hits:
        titles[str(hit.id)] = hit.title
        found.setdefault(str(hit.id), FoundThread(str(hit.id), *month_of(hit.title, hit.posted_at)))
    return sorted(found.values(), key=lambda one: (one.year, one.month, int(one.source_id)), reverse=True)


async def _comments(source: ThreadSource, post: Item, limit: int) -> list[dict[str, Any]]:
    return [_shown(*answer) async for answer in source.items(post.kids[:limit], 1)]


def _thread(thread: FoundThread, title: str) -> dict[str, Any]:
    return {"id": thread.source_id, "month": f"{thread.year}-{thread.month:02}", "title": title}


def _shown(item_id: int | str, answer: Answer) -> dict[str, Any]:
    if answer is None or isinstance(answer, OutsideError):
        return {"id": item_id, "author": "", "text": "", "error": str(answer or "It is not served yet.")}
    return {"id": item_id, "author": answer.author, "text": " ".join(plain_text(answer.text).split())[:EXCERPT]}
