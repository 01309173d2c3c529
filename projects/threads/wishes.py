"""What may be asked of a thread: which one, and how it is to be collected and read."""

from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings

from comments.adding import check_month
from comments.due_threads import check_limit
from comments.models import Comment, Post
from comments.thread_names import ThreadName, thread_named
from projects.extraction.reading import ANALYSTS


@dataclass(frozen=True)
class Wish:
    """The arguments of ``process_waywo_thread``, checked, and the thread that they name."""

    thread: ThreadName
    year: int | None = None
    month: int | None = None
    limit_comments: int | None = None
    analyst: str | None = None

    def collection(self, post_id: int) -> dict[str, Any]:
        """Return the arguments of ``process_waywo_post``."""
        arguments = asdict(self)
        return {"post_id": post_id} | {name: arguments[name] for name in ("year", "month", "limit_comments")}

    def reading(self, comment_id: int) -> dict[str, Any]:
        """Return the arguments of ``process_waywo_comment``. Who reads beside us may come first."""
        by = {"analyst": self.analyst} if self.analyst else {}
        return {"comment_id": comment_id, "only_unread": True} | by

    def comments_to_read(self, post: Post) -> list[int]:
        """Return the ids of what the collection brought: the unread comments of ``post``, within ``limit_comments``."""
        due = Comment.objects.due_for_reading().filter(post=post).order_by("posted_at", "id")
        if self.limit_comments is not None:
            # Those that are collected with this limit: the first at the source. Only Hacker News' order is stored.
            oldest = Comment.objects.filter(post=post).order_by("posted_at", "id").values_list("pk", flat=True)
            first = post.kids or list(oldest[: self.limit_comments])
            due = due.filter(pk__in=first[: self.limit_comments])
        return list(due.values_list("pk", flat=True))


def wish_for(
    post: Any,
    *,
    year: int | None = None,
    month: int | None = None,
    limit_comments: int | None = None,
    analyst: str | None = None,
) -> Wish:
    """Return what the arguments ask for. ``post`` is an id, or an address on Hacker News or Lobsters.

    Raises ValueError for an argument that is out of range, or for the analyst ``llm`` where no model is configured, and
    NotAThread for an id of ours that is no thread's.
    """
    check_month(year, month)
    check_limit("limit_comments", limit_comments)
    if analyst:
        if analyst not in ANALYSTS:
            raise ValueError(f"analyst={analyst!r} is invalid: it expects {' or '.join(ANALYSTS)}.")
        if analyst == "llm" and not settings.LLM_BASE_URL:
            raise ValueError(
                "analyst='llm' is invalid: no language model is configured. Set LLM_BASE_URL, or use rules."
            )
    return Wish(thread_named(post), year, month, limit_comments, analyst or None)
