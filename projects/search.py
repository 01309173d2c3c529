"""Finds projects by words, by meaning, and by both."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection, transaction
from django.db.models import F, FloatField, Func, QuerySet, Value

from projects.language.embedding_index import vector_type
from projects.models import Project

# Reciprocal rank fusion (Cormack et al., 2009): the constant that its authors measured best.
FUSION = 60
CANDIDATES = 50
# Rows of the index that are looked at for a filter which few of them fit (pgvector's default is 20,000).
MOST_SCANNED = 200_000


def with_words(projects: QuerySet[Project], text: str) -> QuerySet[Project]:
    """Return those of ``projects`` whose texts hold the words of ``text``; it may say "exact words", or, -not."""
    return projects.filter(search_vector=_query(text))


def like(projects: QuerySet[Project], vector: list[float], model: str, limit: int) -> list[Project]:
    """Return the ``limit`` of ``projects`` that are most like ``vector``, among those embedded by ``model``.

    The most alike come first, each with its cosine ``similarity``. There are fewer only where fewer fit.
    """
    kind = vector_type(len(vector)) or f"vector({len(vector)})"
    # Spelt as the index has it: another expression would be computed for every row.
    distance = Func(
        F("embedding"),
        Value(str(vector)),
        template=f"(%(expressions)s::{kind})",
        arg_joiner=f"::{kind} <=> ",
        output_field=FloatField(),
    )
    found = projects.filter(embedding_model=model).annotate(distance=distance, similarity=1 - F("distance"))
    with _whole_scans():
        return list(found.order_by("distance")[:limit])


def similar(project: Project, projects: QuerySet[Project], limit: int) -> list[Project]:
    """Return the ``limit`` of ``projects`` most like ``project``, itself left out; none for one without an embedding.

    Those are compared that the same model embedded: while ``reembed`` moves the index, those that it moved or those
    that it did not yet.
    """
    if project.embedding is None:
        return []
    return like(projects.exclude(pk=project.pk), project.embedding, project.embedding_model, limit)


def search(text: str, embedder: Any, limit: int = 20) -> list[Project]:
    """Return at most ``limit`` published projects for ``text``, best first: words and meaning fused.

    ``embedder`` embeds the text, and only rows of its model are compared; while ``reembed`` moves the index, the
    others are still found by their words, and by words alone while the embedder's service is down.
    """
    from core import event_loop
    from core.http import OutsideError

    published = Project.objects.published().without_heavy_fields()
    ranked = with_words(published, text).annotate(rank=SearchRank(F("search_vector"), _query(text)))
    lists = [list(ranked.order_by("-rank", "-id")[:CANDIDATES])]
    try:
        [vector] = event_loop.run(embedder.embed([text]))
    except OutsideError:
        pass  # Half an answer is better than none, and says nothing wrong.
    else:
        lists.append(like(published, vector, embedder.name, CANDIDATES))
    projects = {project.pk: project for found in lists for project in found}
    scores = dict.fromkeys(projects, 0.0)
    for found in lists:
        for place, project in enumerate(found, 1):
            scores[project.pk] += 1 / (FUSION + place)
    return [projects[pk] for pk in sorted(scores, key=lambda pk: (-scores[pk], -pk))[:limit]]


def _query(text: str) -> SearchQuery:
    return SearchQuery(text, search_type="websearch", config="english")


@contextmanager
def _whole_scans() -> Iterator[None]:
    """Let a filtered scan of an HNSW index go on until it has as many rows as are asked for (pitfalls, 8.3)."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL hnsw.iterative_scan = strict_order")
        cursor.execute(f"SET LOCAL hnsw.max_scan_tuples = {MOST_SCANNED}")
        yield
