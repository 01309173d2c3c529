"""Rows for tests, with just enough in them."""

from datetime import UTC, datetime, timedelta
from itertools import count

from comments.models import Comment, Post
from projects.language.embeddings import WordLlamaEmbedder
from projects.models import Project

POSTED_AT = datetime(2026, 9, 13, 16, 0, tzinfo=UTC)
_ids = count(50_000_000)


def make_post(**fields) -> Post:
    """Save a thread of September 2026."""
    pk = fields.pop("id", None) or next(_ids)
    defaults = {
        "title": "Ask HN: What are you working on? (September 2026)",
        "author": "david927",
        "posted_at": POSTED_AT,
        "year": 2026,
        "month": 9,
    }
    return Post.objects.create(id=pk, source_id=str(pk), **(defaults | fields))


def make_comment(text: str = "I am building Foo (https://foo.example), a thing.", **fields) -> Comment:
    """Save a pending comment, in a thread of its own unless ``post`` is given."""
    pk = fields.pop("id", None) or next(_ids)
    post = fields.pop("post", None) or make_post()
    defaults = {"author": "alice", "posted_at": POSTED_AT + timedelta(minutes=pk % 1000)}
    return Comment.objects.create(id=pk, source_id=str(pk), post=post, text=text, **(defaults | fields))


def make_project(**fields) -> Project:
    """Save a project that a machine found."""
    defaults = {
        "title": "Foo",
        "short_description": "A thing that does things well",
        "description": "Foo does things.",
        "created_by": "rules",
        "first_seen_at": POSTED_AT,
        "last_seen_at": POSTED_AT,
    }
    return Project.objects.create(**(defaults | fields))


def make_embedded(count: int, **fields) -> list[Project]:
    """Save projects whose titles count up, embedded by WordLlama."""
    embedder = WordLlamaEmbedder()
    titles = [f"A tool number {number} for gardeners" for number in range(count)]
    plain = {"created_by": "rules", "first_seen_at": POSTED_AT, "last_seen_at": POSTED_AT}
    return Project.objects.bulk_create(
        [
            Project(title=title, embedding=vector, embedding_model=embedder.name, **plain, **fields)
            for title, vector in zip(titles, embedder.embed_now(titles), strict=True)
        ]
    )
