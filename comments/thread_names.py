"""Which thread a person or a schedule means: by the id that it has here, or by its address at its source."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from comments.adding import NotAThread, checked_thread
from comments.asking import ask, opened
from comments.item_ids import item_id_of
from comments.models import FIRST_FOREIGN_ID, Post, Source
from comments.saving import save_post
from comments.sources import source_named
from comments.sources.items import Item
from comments.sources.lobsters import SHORT_ID

LARGEST_ID = 2**63 - 1
EXPECTED = (
    "it expects the id of a thread, or its address: https://news.ycombinator.com/item?id=41342017 or "
    "https://lobste.rs/s/abc123"
)
STORY_PAGE = re.compile(r"(?:https?://)?(?P<host>[^/]+)/s/(?P<short_id>[^/?#]+)(?:\.json)?(?:[/?#].*)?")


@dataclass(frozen=True)
class ThreadName:
    """A thread by its source and its id there."""

    source: str
    source_id: str

    def __str__(self) -> str:
        return f"{self.source} {self.source_id}"

    @property
    def post(self) -> Post | None:
        """The thread as it is stored, None where it is not."""
        return Post.objects.filter(source=self.source, source_id=self.source_id).first()


def thread_named(named: Any) -> ThreadName:
    """Return the thread that ``named`` (an id, or a text with an id or address) names; nobody is asked.

    An id from 10^12 on is that of a stored thread of another source. Raises ValueError for what names none, and
    NotAThread for an id of such a thread that is not there.
    """
    text = str(named).strip() if isinstance(named, int | str) and not isinstance(named, bool) else ""
    if (story := STORY_PAGE.fullmatch(text)) and _is_lobsters(story["host"]):
        if SHORT_ID.fullmatch(short_id := story["short_id"].removesuffix(".json")):
            return ThreadName(Source.LOBSTERS, short_id)
    elif text.isascii() and text.isdigit() and FIRST_FOREIGN_ID <= int(text) <= LARGEST_ID:
        return _stored(int(text))
    else:
        try:
            return ThreadName(Source.HACKER_NEWS, str(item_id_of(text)))
        except ValueError:
            pass  # Said below, for all sources.
    raise ValueError(f"post={str(named)[:100]!r} is invalid: {EXPECTED}.")


def look_up(name: ThreadName) -> Item:
    """Return a thread as its source has it now; nothing is saved. Raises NotAThread and OutsideError."""
    source = source_named(name.source)
    with opened(source):
        return checked_thread(name.source_id, ask(source, source.item(name.source_id)))


def id_to_collect(name: ThreadName) -> int:
    """Return the id by which a thread is collected: that of the source, or the number that its row has here.

    A thread of another source than Hacker News that is not stored is looked up and gets its row. Raises as ``look_up``.
    """
    if name.source == Source.HACKER_NEWS:
        return int(name.source_id)
    post = name.post or save_post(name.source, look_up(name))
    return int(post.pk)


def _is_lobsters(host: str) -> bool:
    hosts = {"lobste.rs", urlsplit(settings.LOBSTERS_BASE_URL).netloc}
    return host.lower().removeprefix("www.") in hosts


def _stored(pk: int) -> ThreadName:
    post = Post.objects.exclude(source=Source.SAMPLE).filter(pk=pk).first()
    if post is None:
        raise NotAThread(f"Post {pk}: there is no such post to collect.")
    return ThreadName(post.source, post.source_id)
