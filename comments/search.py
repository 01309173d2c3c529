"""Finds comments for a person who types a few letters: by word beginnings, author or id."""

import re

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import QuerySet

from comments.models import Comment

WORD = re.compile(r"\w+")
MOST_WORDS = 10
CONFIG = "english"


def beginnings(text: str) -> SearchQuery | None:
    """Return the full-text query for words that begin as all words of ``text`` do; None where it has no word."""
    words = WORD.findall(text)[:MOST_WORDS]
    if not words:
        return None
    return SearchQuery(" & ".join(f"'{word}':*" for word in words), search_type="raw", config=CONFIG)


def find(comments: QuerySet[Comment], text: str) -> QuerySet[Comment]:
    """Return those of ``comments`` whose text has such words, that this author wrote, or that have this id.

    All of them where ``text`` is empty. Each condition has an index of its own.
    """
    text = text.strip().replace("\0", "")
    if not text:
        return comments
    # One set of ids: of conditions that are joined by OR PostgreSQL would try each comment.
    found = Comment.objects.filter(author=text).order_by().values("pk")
    if (query := beginnings(text)) is not None:
        # The same expression as that of the index.
        matching = Comment.objects.alias(words=SearchVector("text", config=CONFIG)).filter(words=query)
        found = found.union(matching.order_by().values("pk"))
    if text.isdecimal() and len(text) < 19:
        found = found.union(Comment.objects.filter(pk=int(text)).order_by().values("pk"))
    return comments.filter(pk__in=found)
