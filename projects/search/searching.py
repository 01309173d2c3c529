"""The search of the pages, the API and the command: names, words and meaning, each hit with why it is there."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Self, cast

from django.contrib.postgres.expressions import ArraySubquery
from django.db import OperationalError, connection, transaction
from django.db.models import OuterRef, QuerySet
from psycopg.errors import QueryCanceled

from comments.search import spelt
from core.http import OutsideError
from core.round_trips import Statement, asked_together
from projects.language.embeddings import Embedder, get_embedder
from projects.models import Project, ProjectQuerySet, Tag
from projects.search.marking import Segment, excerpt, marked, matcher
from projects.search.meaning import WHOLE_SCANS, nearest_asked
from projects.search.names import by_name, folded, names_asked
from projects.search.narrowing import narrowed
from projects.search.query import SearchQuery, parse
from projects.search.query_vectors import query_vector
from projects.search.ranking import Found
from projects.search.spelling import by_spelling
from projects.search.words import (
    by_tags_and_words,
    by_words,
    lexemes,
    lexemes_asked,
    lexemes_of,
    signed_word,
    tags_asked,
)

Mode = Literal["hybrid", "words", "meaning"]
# From ids to projects in that order, each with its texts and ``tag_names``.
Load = Callable[[list[int]], Iterable[Any]]
QUERY_SECONDS = 2
# What the transaction of a search begins with. An index has all that a search looks up; left to choose, PostgreSQL
# reads the whole table, with several processes, for a word that many projects have.
LIMITS = (
    f"SET LOCAL statement_timeout = '{QUERY_SECONDS}s'; SET LOCAL enable_seqscan = off; SET LOCAL jit = off; "
    f"SET LOCAL max_parallel_workers_per_gather = 0; {WHOLE_SCANS}"
)
CANDIDATES = 100
# Of the likeness of the most alike: what is less alike is not what was meant. Where nothing else was found it must be
# LEAST_ALIKE in itself: the likeness of real words and letters at random parts there.
LEAST_OF_MOST_ALIKE, LEAST_ALIKE = 0.5, 0.35
# A share of the letters that must be there, spelt right or nearly so.
LEAST_SHARE = 0.5


@dataclass(frozen=True)
class Hit:
    """One project, and why it is there: "title", "tag rust", "host github.com", "words", "meaning", "spelling" …"""

    project: Any
    """A Project, or what ``load`` of ``search`` made of it."""
    reasons: tuple[str, ...]
    title: tuple[Segment, ...]
    summary: tuple[Segment, ...]
    """The short description, or the stretch of the long one that has the words."""


@dataclass(frozen=True)
class SearchAnswer:
    """The hits of one page. ``mode`` is how it was really looked for; ``notice`` says so where it is not as asked."""

    query: SearchQuery
    hits: tuple[Hit, ...]
    mode: Mode
    notice: str = ""
    has_more: bool = False
    is_partial: bool = False
    """The embedding service did not answer: the same search may find more a moment later."""


class SearchTooSlow(Exception):
    """The search took longer than it may; the message is one line for the person who asked."""


def search(
    text: SearchQuery | str,
    projects: QuerySet[Project] | None = None,
    *,
    mode: Mode = "hybrid",
    limit: int = 20,
    offset: int = 0,
    embedder: Embedder | None = None,
    load: Load | None = None,
) -> SearchAnswer:
    """Return the hits ``offset`` to ``offset + limit`` for ``text`` among ``projects``, best first.

    ``projects`` are all published ones where none are given; ``embedder`` embeds the text, else that of the settings;
    ``load`` gets the projects of the hits by their ids, else they are rows of ``projects`` as these are.
    Rows of its model alone are compared: while ``reembed`` moves the index, the others are found by their words. Of a
    search for words or meaning some hundreds are found at most; conditions alone (tag:rust) list all that fit, newest
    first. Raises SearchTooSlow where a statement takes longer than 2 s.
    """
    query = text if isinstance(text, SearchQuery) else parse(text)
    projects = cast(ProjectQuerySet, Project.objects.published() if projects is None else projects)
    if query.is_empty:
        return SearchAnswer(query, (), mode)
    asked = _Asked.of(query, mode, embedder or get_embedder())
    with _in_time():
        found, ids = _looked_for(projects, query, asked, slice(offset, offset + limit + 1))
        hits = _hits(query, found, (load or partial(_loaded, projects))(ids[:limit]))
    notice = asked.notice or found.notice()
    return SearchAnswer(query, hits, asked.mode, notice, has_more=len(ids) > limit, is_partial=asked.is_partial)


@dataclass(frozen=True)
class FoundIds:
    """The ids of all that a search found, best first; the rest as of a SearchAnswer."""

    query: SearchQuery
    ids: tuple[int, ...] = ()
    notice: str = ""
    is_partial: bool = False


def search_ids(text: SearchQuery | str, projects: QuerySet[Project]) -> FoundIds:
    """Return which of ``projects`` ``search`` would list on all its pages together, without what a hit shows.

    Raises SearchTooSlow as it does.
    """
    query = text if isinstance(text, SearchQuery) else parse(text)
    if query.is_empty:
        return FoundIds(query)
    asked = _Asked.of(query, "hybrid", get_embedder())
    with _in_time():
        found, ids = _looked_for(cast(ProjectQuerySet, projects), query, asked, slice(None))
    return FoundIds(query, tuple(ids), asked.notice or found.notice(), asked.is_partial)


@dataclass(frozen=True)
class _Asked:
    """How a search is looked for: the mode that is possible now, and what stands for the meaning of its words."""

    mode: Mode
    model: str
    vector: list[float] | None = None
    notice: str = ""
    is_partial: bool = False

    @classmethod
    def of(cls, query: SearchQuery, mode: Mode, embedder: Embedder) -> Self:
        if not query.meant or mode == "words":
            return cls(mode, embedder.name)
        try:
            return cls(mode, embedder.name, query_vector(embedder, query.meant.replace('"', "")))
        except OutsideError:
            if mode == "hybrid":
                notice = "The embedding service does not answer: this looks for words alone."
                return cls("words", embedder.name, None, notice, is_partial=True)
            notice = "The embedding service does not answer, so nothing can be found by meaning. Look for words."
            return cls(mode, embedder.name, None, notice, is_partial=True)


def _looked_for(projects: ProjectQuerySet, query: SearchQuery, asked: _Asked, part: slice) -> tuple[Found, list[int]]:
    """Return what was found in each way, and the ids at the places ``part``, best first; conditions alone: newest."""
    among = narrowed(projects, query)
    if query.meant:
        found = _found(among, narrowed(projects, query, listed=True), query, asked)
        return found, found.ranked()[part]
    with connection.cursor() as cursor:
        cursor.execute(LIMITS)
    return Found(), list(among.order_by("-last_seen_at", "-id").values_list("pk", flat=True)[part])


@contextmanager
def _in_time() -> Iterator[None]:
    """Make what is inside one transaction, which begins with LIMITS. Raises SearchTooSlow."""
    try:
        # Without a savepoint: a transaction of a search has nothing to keep.
        with transaction.atomic(savepoint=False):
            yield
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        raise SearchTooSlow(
            f"The search took longer than {QUERY_SECONDS} s. Look for fewer or rarer words, or try again soon."
        ) from error


def _found(among: ProjectQuerySet, listed: ProjectQuerySet, query: SearchQuery, asked: "_Asked") -> Found:
    """Look in each way of its mode ``among`` those that fit, or as they are ``listed``."""
    mode, text = asked.mode, query.meant.replace('"', "")
    begun = _begun(among, listed, query, asked)
    found = Found(lexemes=lexemes_of(begun["lexemes"]), names=by_name(begun["names"], query))
    if mode != "meaning":
        worded = by_words(among, query, found.lexemes, CANDIDATES)
        if not worded.has_all and len(query.alternatives) == 1:
            tags = {name for (name,) in begun["tags"]}
            worded = by_tags_and_words(among, query, tags, found.lexemes, CANDIDATES) or worded
        found.words = worded.ids
        if not found.names and not worded.has_all and len(query.alternatives) == 1:
            _guess(found, among, query, text)
    nearest = [(pk, likeness) for pk, likeness in begun["nearest"] if likeness == likeness]
    least = nearest[0][1] * LEAST_OF_MOST_ALIKE if nearest and nearest[0][1] > 0 else -1
    if mode == "hybrid" and not (found.names or found.words or found.guesses):
        least = max(least, LEAST_ALIKE)
    found.meaning = [pk for pk, likeness in nearest if likeness >= least]
    signed = [word for word in query.words if spelt(word)]
    if signed and len(signed) < len(query.words) and mode != "meaning":
        having = among
        for word in signed:
            having = having.filter(signed_word(word))
        found.signed = list(having.order_by("-last_seen_at", "-id").values_list("pk", flat=True)[:CANDIDATES])
    return found


def _begun(
    among: ProjectQuerySet, listed: ProjectQuerySet, query: SearchQuery, wanted: "_Asked"
) -> dict[str, list[tuple[Any, ...]]]:
    """Return what is asked whatever the other answers are, with the limits that all of the search is under; one query.

    These are the words as "lexemes", and as "names", "tags" and "nearest" what its mode looks for.
    """
    asked: dict[str, Statement | None] = {"lexemes": lexemes_asked(query.meant.replace('"', ""))}
    if wanted.mode != "meaning":
        asked |= {"names": names_asked(among, query), "tags": tags_asked(query)}
    if wanted.vector is not None:
        asked["nearest"] = nearest_asked(among, listed, wanted.vector, wanted.model, CANDIDATES)
    given = {name: statement for name, statement in asked.items() if statement is not None}
    answers = zip(given, asked_together(given.values(), before=LIMITS), strict=True)
    return {"names": [], "tags": [], "nearest": []} | dict(answers)


def _guess(found: Found, among: ProjectQuerySet, query: SearchQuery, text: str) -> None:
    """Look for what may have been meant, and for the words as they would be spelt right."""
    guesses = by_spelling(among, text)
    found.guesses = {guess.pk: guess for guess in guesses.found if guess.is_title or guess.share >= LEAST_SHARE}
    if not guesses.meant:
        return
    right = lexemes(" ".join(guesses.meant.get(word, word) for word in folded(text).split()))
    worded = by_words(among, query, right, CANDIDATES)
    if worded.has_all:
        found.words, found.meant = worded.ids, guesses.meant
        found.lexemes += right


def _loaded(projects: ProjectQuerySet, ids: list[int]) -> list[Any]:
    """Return the rows of ``projects`` for ``ids``, in their order."""
    rows = projects.filter(pk__in=ids).order_by()
    if "tag_names" not in rows.query.annotations:
        names = Tag.objects.filter(projects=OuterRef("pk")).order_by("name").values("name")
        rows = rows.annotate(tag_names=ArraySubquery(names))
    by_id = {row.pk: row for row in rows.defer(None).defer("embedding", "search_vector", "url_summaries")}
    return [by_id[pk] for pk in ids if pk in by_id]


def _hits(query: SearchQuery, found: Found, projects: Iterable[Any]) -> tuple[Hit, ...]:
    """Return the hit of each of ``projects``, with why it is there."""
    words = {word.lower() for word in query.words}
    hits = []
    for row in projects:
        matches = matcher(
            (*query.words, *query.phrases), (word.text for word in found.lexemes), row.pk in found.guesses
        )
        reasons = found.reasons(row.pk) + [f"tag {name}" for name in row.tag_names if name in words]
        title, short = marked(row.title, matches), marked(row.short_description, matches)
        if not any(segment.marked for segment in (*title, *short)):
            short = excerpt(row.description, matches) or short
        hits.append(Hit(row, tuple(dict.fromkeys(reasons)), title, short))
    return tuple(hits)
