"""The search of the pages, the API and the command: names, words and meaning, each hit with why it is there."""

from dataclasses import dataclass
from typing import Literal

from django.contrib.postgres.search import SearchRank
from django.db.models import F

from core import event_loop
from core.http import OutsideError
from projects.language.embeddings import Embedder, get_embedder
from projects.models import Project, ProjectQuerySet
from projects.search.meaning import like
from projects.search.narrowing import narrowed
from projects.search.query import SearchQuery, parse
from projects.search.words import words_query

Mode = Literal["hybrid", "words", "meaning"]
# Reciprocal rank fusion (Cormack et al., 2009): the constant that its authors measured best.
FUSION = 60
CANDIDATES = 200


@dataclass(frozen=True)
class Segment:
    """A stretch of plain text, not HTML; marked where it is what was looked for."""

    text: str
    marked: bool = False


@dataclass(frozen=True)
class Hit:
    """One project, and why it is there: "title", "tag rust", "host github.com", "words", "meaning", "spelling" …"""

    project: Project
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


class SearchTooSlow(Exception):
    """The search took longer than it may; the message is one line for the person who asked."""


def search(
    text: SearchQuery | str,
    projects: ProjectQuerySet | None = None,
    *,
    mode: Mode = "hybrid",
    limit: int = 20,
    offset: int = 0,
    embedder: Embedder | None = None,
) -> SearchAnswer:
    """Return the hits ``offset`` to ``offset + limit`` for ``text`` among ``projects``, best first.

    ``projects`` are all published ones where none are given; ``embedder`` embeds the text, else that of the settings.
    Rows of its model alone are compared: while ``reembed`` moves the index, the others are found by their words.
    Of a search for words or meaning the best 200 are found;
    conditions alone (tag:rust) list all that fit, newest first. Raises SearchTooSlow.
    """
    query = text if isinstance(text, SearchQuery) else parse(text)
    among = narrowed(Project.objects.published() if projects is None else projects, query)
    if not query.meant:
        rows = [] if query.is_empty else list(among.order_by("-last_seen_at", "-id")[offset : offset + limit + 1])
        return _answered(query, rows, limit, mode)
    embedder = embedder or get_embedder()
    lists, notice = [], ""
    if mode != "meaning":
        lists.append(_by_words(among, query))
    if mode != "words":
        try:
            vector = _embedded(embedder, query.meant)
        except OutsideError:
            if mode == "hybrid":
                mode, notice = "words", "The embedding service does not answer: this looks for words alone."
            else:
                notice = "The embedding service does not answer: nothing can be found by meaning."
        else:
            lists.append(like(among.without_heavy_fields(), vector, embedder.name, CANDIDATES))
    found = {project.pk: project for each in lists for project in each}
    scores = dict.fromkeys(found, 0.0)
    for each in lists:
        for place, project in enumerate(each, 1):
            scores[project.pk] += 1 / (FUSION + place)
    best = [found[pk] for pk in sorted(scores, key=lambda pk: (-scores[pk], -pk))]
    return _answered(query, best[offset : offset + limit + 1], limit, mode, notice)


def _by_words(among: ProjectQuerySet, query: SearchQuery) -> list[Project]:
    words = words_query(" or ".join(" ".join(group) for group in query.alternatives))
    ranked = among.without_heavy_fields().filter(search_vector=words)
    return list(ranked.annotate(rank=SearchRank(F("search_vector"), words)).order_by("-rank", "-id")[:CANDIDATES])


def _embedded(embedder: Embedder, text: str) -> list[float]:
    [vector] = event_loop.run(embedder.embed([text]))
    return vector


def _answered(query: SearchQuery, rows: list[Project], limit: int, mode: Mode, notice: str = "") -> SearchAnswer:
    hits = tuple(
        Hit(project, (), (Segment(project.title),), (Segment(project.short_description),)) for project in rows[:limit]
    )
    return SearchAnswer(query, hits, mode, notice, has_more=len(rows) > limit)
