"""Finds projects by words and by meaning."""

from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection, transaction
from django.db.models import F

from projects.embedding_index import vector_type
from projects.models import Project

# Reciprocal rank fusion (Cormack et al., 2009): the constant that its authors measured best.
FUSION = 60
CANDIDATES = 50


def search_by_words(text: str, limit: int = CANDIDATES) -> list[int]:
    """Return the ids of published projects whose texts hold the words, best first."""
    query = SearchQuery(text, search_type="websearch", config="english")
    found = Project.objects.published().filter(search_vector=query)
    ranked = found.annotate(rank=SearchRank(F("search_vector"), query)).order_by("-rank", "-id")
    return list(ranked.values_list("pk", flat=True)[:limit])


def search_by_vector(vector: list[float], model: str, limit: int = CANDIDATES) -> list[int]:
    """Return the ids of the published projects nearest to ``vector``, among those embedded by ``model``."""
    kind = vector_type(len(vector)) or f"vector({len(vector)})"
    statement = (
        f"SELECT id FROM projects_project WHERE embedding_model = %s AND review_status <> 'rejected' "
        f"ORDER BY embedding::{kind} <=> %s::{kind} LIMIT %s"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        # Without it a filtered search by HNSW comes back with fewer rows than asked for (pitfalls, 8.3).
        cursor.execute("SET LOCAL hnsw.iterative_scan = strict_order")
        cursor.execute(statement, [model, "[" + ",".join(map(str, vector)) + "]", limit])
        return [pk for (pk,) in cursor.fetchall()]


def search(text: str, embedder: Any, limit: int = 20) -> list[Project]:
    """Return at most ``limit`` published projects for ``text``, best first: words and meaning fused.

    ``embedder`` embeds the text, and only rows of its model are compared; while ``reembed`` moves the index, the
    others are still found by their words, and by words alone while the embedder's service is down.
    """
    from comments import event_loop
    from comments.http import OutsideError

    lists = [search_by_words(text)]
    try:
        [vector] = event_loop.run(embedder.embed([text]))
    except OutsideError:
        pass  # Half an answer is better than none, and says nothing wrong.
    else:
        lists.append(search_by_vector(vector, embedder.name))
    scores: dict[int, float] = {}
    for ids in lists:
        for place, pk in enumerate(ids, 1):
            scores[pk] = scores.get(pk, 0) + 1 / (FUSION + place)
    best = sorted(scores, key=lambda pk: (-scores[pk], -pk))[:limit]
    projects = Project.objects.without_heavy_fields().in_bulk(best)
    return [projects[pk] for pk in best if pk in projects]
