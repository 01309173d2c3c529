"""Finds comments for a person who types a few letters: by word beginnings, author or id."""

import re

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from comments.models import Comment

WORD = re.compile(r"\w+")
MOST_WORDS = 10
CONFIG = "english"
# c++, C#, .NET: signs that are part of the name, which full-text search drops.
SIGNED = re.compile(r"\.[^\W\d_]\w*|[\w.]*[^\W_](?:\+{1,3}|#)")

STOP_LETTERS = {"a", "i", "s", "t"}


def spelt(word: str) -> bool:
    """Return whether ``word`` must be looked for as it is written, because of its signs: c++, C#, .NET."""
    return SIGNED.fullmatch(word) is not None


def letters(word: str) -> SearchQuery | None:
    """Return the full-text query for the letters of such a word; None where full-text search leaves them out."""
    if word.strip(".+#").lower() in STOP_LETTERS:
        return None
    return SearchQuery(word, search_type="plain", config=CONFIG)


def written(word: str) -> str:
    """Return the regular expression (of PostgreSQL) that ``word`` stands in a text, not as a part of another."""
    return rf"(?<![[:alnum:]_]){re.escape(word)}(?![[:alnum:]_+#])"


def beginnings(text: str) -> SearchQuery | None:
    """Return the full-text query for words that begin as all words of ``text`` do; None where it has no word."""
    words = WORD.findall(text)[:MOST_WORDS]
    if not words:
        return None
    return SearchQuery(" & ".join(f"'{word}':*" for word in words), search_type="raw", config=CONFIG)


def by_author(text: str) -> QuerySet[Comment]:
    """Return the comments of authors whose name begins with ``text``, in whichever case; none for a text of words."""
    if not text or " " in text:
        return Comment.objects.none()
    return Comment.objects.alias(name=Lower("author")).filter(name__startswith=text.lower())


def find(comments: QuerySet[Comment], text: str) -> QuerySet[Comment]:
    """Return those of ``comments`` whose text has such words, by an author whose name begins so, or of this id.

    Words with signs (C++, .NET) are looked for as they are written. All of them where ``text`` is empty. Each condition
    has an index of its own.
    """
    text = " ".join(text.replace("\0", "").split())
    if not text:
        return comments
    # One set of ids: of conditions that are joined by OR PostgreSQL would try each comment.
    found = by_author(text).order_by().values("pk")
    words = text.split()
    condition, has_words = Q(), False
    # The letters of a word with signs narrow it down by the index before the text is read.
    signed = [word for word in words if spelt(word)]
    if (begun := beginnings(" ".join(word for word in words if not spelt(word)))) is not None:
        condition, has_words = Q(words=begun), True
    for word in signed:
        condition, has_words = condition & Q(text__iregex=written(word)), True
        if (by_index := letters(word)) is not None:
            condition &= Q(words=by_index)
    if has_words:
        # The same expression as that of the index.
        matching = Comment.objects.alias(words=SearchVector("text", config=CONFIG)).filter(condition)
        found = found.union(matching.order_by().values("pk"))
    if text.isdecimal() and len(text) < 19:
        found = found.union(Comment.objects.filter(pk=int(text)).order_by().values("pk"))
    return comments.filter(pk__in=found)
