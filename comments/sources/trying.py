"""Tries a source: what it finds, and the first comments of its newest thread. Nothing is saved."""

from typing import Any

from comments.sources import source_named
from comments.sources.items import Answer
from comments.text import plain_text
from core import event_loop
from core.http import OutsideError
from core.locks import host_slots

EXCERPT = 200  # characters


def try_source(name: str, limit: int = 5) -> dict[str, Any]:
    """Ask a source, enabled or not, for its threads and the first ``limit`` comments of the newest one.

    Returns counts, the post and the starts of the comments as JSON. Raises ValueError for a name that is not a source,
    and OutsideError or ThreadsFileError when it does not answer or answers what cannot be read.
    """
    source = source_named(name)

    async def ask() -> dict[str, Any]:
        async with source:
            threads = await source.find_threads()
            result: dict[str, Any] = {"status": "success", "source": name, "threads_found": len(threads)}
            if not threads:
                return result | {"post": None, "comments": []}
            post = await source.item(threads[0].source_id)
            if post is None:
                return result | {"post": None, "comments": []}
            answers = [answer async for answer in source.items(post.kids[:limit], 1)]
            newest = {"id": post.id, "title": post.title, "author": post.author, "total_kids": len(post.kids)}
            return result | {"post": newest, "comments": [_shown(*answer) for answer in answers]}

    with host_slots(source.address, source.concurrency):
        return event_loop.run(ask())


def _shown(item_id: int | str, answer: Answer) -> dict[str, Any]:
    if answer is None or isinstance(answer, OutsideError):
        return {"id": item_id, "author": "", "text": "", "error": str(answer or "It is not served yet.")}
    return {"id": item_id, "author": answer.author, "text": " ".join(plain_text(answer.text).split())[:EXCERPT]}
