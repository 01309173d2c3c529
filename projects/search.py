"""Finds projects: by words, by meaning, by both, and by the few letters that a person types."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection, transaction
from django.db.models import F, FloatField, Func, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import JSONObject

from comments.search import beginnings
from core import event_loop
from core.http import OutsideError
from projects.language.embedding_index import dimensions_of, vector_type
from projects.language.embeddings import Embedder
from projects.models import Project, ProjectQuerySet

# Reciprocal rank fusion (Cormack et al., 2009): the constant that its authors measured best.
FUSION = 60
CANDIDATES = 50
# Rows of the index that are looked at for a filter which few of them fit (pgvector's default is 20,000).
MOST_SCANNED = 200_000
PAIRED_NEIGHBOURS = 5


def with_words(projects: ProjectQuerySet, text: str) -> ProjectQuerySet:
    """Return those of ``projects`` whose texts hold the words of ``text``; it may say "exact words", or, -not."""
    return projects.filter(search_vector=_query(text))


def typed(projects: QuerySet[Project], text: str) -> QuerySet[Project]:
    """Return those of ``projects`` whose texts have words that begin as all words of ``text`` do.

    So have those with a tag of that name or alias, an address that holds it, or that id. All of it where ``text`` is
    empty. Each condition has an index but the address, which is looked at only for a text with a dot or a slash.
    """
    text = text.strip().replace("\0", "")
    if not text:
        return projects
    found = Q()
    if (query := beginnings(text)) is not None:
        found |= Q(pk__in=Project.objects.filter(search_vector=query).values("pk"))
        tagged = Project.tags.through.objects.filter(Q(tag__name=text.lower()) | Q(tag__aliases__name=text.lower()))
        found |= Q(pk__in=tagged.values("project"))
    if "." in text or "/" in text:
        found |= Q(pk__in=Project.objects.filter(primary_url__icontains=text).values("pk"))
    if text.isdecimal() and len(text) < 19:
        found |= Q(pk=int(text))
    return projects.filter(found) if found else projects.none()


def like(projects: QuerySet[Project], vector: list[float], model: str, limit: int) -> list[Project]:
    """Return the ``limit`` of ``projects`` that are most like ``vector``, among those embedded by ``model``.

    The most alike come first, each with its cosine ``similarity``. There are fewer only where fewer fit.
    """
    return _taken(_nearest(projects, Value(str(vector)), model, len(vector)), limit)


def similar(project: Project, projects: QuerySet[Project], limit: int) -> list[Project]:
    """Return the ``limit`` of ``projects`` most like ``project``, itself left out; none for one without an embedding.

    They come as those of ``like``; no vector leaves the database. Those are compared that the same model embedded:
    while ``reembed`` moves the index, those that it moved or those that it did not yet.
    """
    stored = Project.objects.filter(pk=project.pk)
    if not project.embedding_model or (dimensions := dimensions_of(stored)) is None:
        return []
    embedding = Subquery(stored.values("embedding"))
    return _taken(_nearest(projects.exclude(pk=project.pk), embedding, project.embedding_model, dimensions), limit)


def similar_pairs(
    projects: QuerySet[Project], model: str, threshold: float, limit: int
) -> list[tuple[float, int, int]]:
    """Return the most similar pairs among those of ``projects`` that ``model`` embedded: similarity and both ids.

    Of each project its 5 nearest are looked at, and those at or above ``threshold`` make a pair, lower id first.
    """
    embedded = projects.filter(embedding_model=model, embedding__isnull=False)
    if (dimensions := dimensions_of(embedded)) is None:
        return []
    # One more, for the nearest is the project itself.
    nearest = _nearest(projects, OuterRef("embedding"), model, dimensions).filter(distance__lte=1 - threshold)
    nearest = nearest.values(json=JSONObject(id="id", similarity="similarity"))[: PAIRED_NEIGHBOURS + 1]
    pairs = {
        (other["similarity"], min(pk, other["id"]), max(pk, other["id"]))
        for pk, others in embedded.order_by().values_list("pk", ArraySubquery(nearest))
        for other in others
        if other["id"] != pk
    }
    return sorted(pairs, key=lambda pair: (-pair[0], *pair[1:]))[:limit]


def search(text: str, embedder: Embedder, limit: int = 20) -> list[Project]:
    """Return at most ``limit`` published projects for ``text``, best first: words and meaning fused.

    ``embedder`` embeds the text, and only rows of its model are compared; while ``reembed`` moves the index, the
    others are still found by their words, and by words alone while the embedder's service is down.
    """
    published = Project.objects.published().without_heavy_fields()
    ranked = with_words(published, text).annotate(rank=SearchRank(F("search_vector"), _query(text)))
    lists: list[list[Project]] = [list(ranked.order_by("-rank", "-id")[:CANDIDATES])]
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


def _nearest(projects: QuerySet[Project], to: Combinable, model: str, dimensions: int) -> QuerySet[Any]:
    """Return those of ``projects`` that ``model`` embedded, with cosine ``distance`` and ``similarity`` to a vector.

    They are in the order of the model's HNSW index, and the distance is spelt as the index has it: another expression
    would be computed for every row.
    """
    kind = vector_type(dimensions) or f"vector({dimensions})"
    distance = Func(
        F("embedding"),
        to,
        template=f"(%(expressions)s::{kind})",
        arg_joiner=f"::{kind} <=> ",
        output_field=FloatField(),
    )
    embedded: QuerySet[Any] = projects.filter(embedding_model=model)
    return embedded.annotate(distance=distance, similarity=1 - F("distance")).order_by("distance")


def _taken(nearest: QuerySet[Any], limit: int) -> list[Project]:
    with _whole_scans():
        # A vector of zeros has no direction, so no distance either: PostgreSQL gives NaN, which is not itself.
        return [project for project in nearest[:limit] if project.distance == project.distance]


@contextmanager
def _whole_scans() -> Iterator[None]:
    """Let a filtered scan of an HNSW index go on until it has as many rows as are asked for (pitfalls, 8.3)."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL hnsw.iterative_scan = strict_order; SET LOCAL hnsw.max_scan_tuples = {MOST_SCANNED}")
        yield
