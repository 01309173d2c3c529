"""Comments as rows of a file."""

from collections.abc import Iterator
from typing import Any

from comments.models import CommentQuerySet
from comments.text import plain_text

FIELDS = [
    *("id", "post_id", "month", "author", "text", "posted_at", "status", "processed_at", "attempts", "last_error"),
    *("project_count", "dead", "deleted", "url"),
]
CHUNK = 500


def export_rows(comments: CommentQuerySet) -> Iterator[dict[str, Any]]:
    """Yield each comment as a row of FIELDS, by id, fetched in chunks; its text is plain."""
    wanted = comments.order_by("id").with_project_count().select_related("post").defer("post__text", "post__kids")
    for comment in wanted.iterator(chunk_size=CHUNK):
        row = {name: getattr(comment, name) for name in FIELDS if name not in ("month", "text", "url")}
        row |= {"month": comment.post.month_name, "text": plain_text(comment.text), "url": comment.source_url}
        for name in ("posted_at", "processed_at"):
            row[name] = row[name].isoformat() if row[name] else None
        yield row
