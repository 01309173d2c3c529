"""The newest threads that Hacker News has, asked for: what is known by heart may be months old, or not there."""

from comments.discovery import discover_posts
from comments.due_threads import DueThread
from comments.models import Post, Source
from comments.source_health import counted
from comments.sources.hackernews_api import HackerNews
from comments.sources.known_threads import known_threads
from core import event_loop
from core.http import OutsideError

# So far back the search looks: two threads of two months are in it whatever day it is.
SEARCHED_DAYS = 75


def newest_threads(count: int) -> tuple[list[DueThread], list[str]]:
    """Return the newest ``count`` threads that Hacker News has, newest first, and a sentence for each surprise.

    They are those that its search finds, which are added, and those of ``threads.yml``; each is asked for, and one
    that is not there is passed over. Raises OutsideError where the item API does not answer, and ThreadsFileError.
    """
    notes = []
    try:
        discover_posts(SEARCHED_DAYS, source=Source.HACKER_NEWS)
    except OutsideError as error:
        notes.append(f"The search for newer threads does not answer ({str(error).rstrip('.')}).")
    threads = {thread.id: DueThread(thread.id, thread.year, thread.month) for thread in known_threads()}
    stored = Post.objects.visible().filter(source=Source.HACKER_NEWS)
    threads |= {post.pk: DueThread(post.pk, post.year, post.month) for post in stored.only("pk", "year", "month")}
    newest = sorted(threads.values(), key=lambda one: (one.year, one.month, one.post_id), reverse=True)
    with counted():
        found, missing = event_loop.run(_there(newest, count))
    if missing:
        names = ", ".join(f"{one.post_id} ({one.year}-{one.month:02})" for one in missing[:3])
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        notes.append(f"Hacker News has no thread {names}{more}.")
    return found, notes


async def _there(threads: list[DueThread], count: int) -> tuple[list[DueThread], list[DueThread]]:
    found: list[DueThread] = []
    missing: list[DueThread] = []
    async with HackerNews.from_settings() as client:
        for thread in threads:
            item = await client.item(thread.post_id)
            is_there = item is not None and not item.deleted and not item.dead
            (found if is_there else missing).append(thread)
            if len(found) == count:
                break
    return found, missing
