"""Finds projects by what they mean: by the likeness of their embeddings."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, transaction
from django.db.models import F, FloatField, Func, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.functions import JSONObject

from core.round_trips import Statement
from projects.language.embedding_index import dimensions_of, vector_type
from projects.models import Project

# Rows of the index that are looked at for a filter which few of them fit (pgvector's default is 20,000).
MOST_SCANNED = 200_000
# How many rows a search keeps in view; of fewer it misses more of the nearest (tests/benchmarks/recall.py).
IN_VIEW = 200
# For a transaction in which an index is asked for rows that fit a filter (``_whole_scans``).
WHOLE_SCANS = (
    f"SET LOCAL hnsw.iterative_scan = strict_order; SET LOCAL hnsw.max_scan_tuples = {MOST_SCANNED}; "
    f"SET LOCAL hnsw.ef_search = {IN_VIEW};"
)
PAIRED_NEIGHBOURS = 5
# As many as fit a filter are compared each by each; to find those among all an index would look at many more.
MOST_COMPARED = 10_000


def like(projects: QuerySet[Project], vector: list[float], model: str, limit: int) -> list[Project]:
    """Return the ``limit`` of ``projects`` that are most like ``vector``, among those embedded by ``model``.

    The most alike come first, each with its cosine ``similarity``. There are fewer only where fewer fit.
    """
    return _taken(_nearest(projects, Value(str(vector)), model, len(vector)), limit)


def nearest_asked(
    projects: QuerySet[Project], listed: QuerySet[Project], vector: list[float], model: str, limit: int
) -> Statement:
    """Return the statement that gets what ``like`` does as ids and similarities, which are NaN for vectors of zeros.

    ``listed`` are the same projects by conditions that are quick where few fit (``Listed``).

    It belongs into a transaction with WHOLE_SCANS. The index is left alone where up to MOST_COMPARED fit: PostgreSQL
    counts them first, and only one of both parts does anything.
    """
    fitting, given = listed.order_by().values_list("pk")[: MOST_COMPARED + 1].query.sql_with_params()
    counted = RawSQL("(SELECT count(*) FROM fitting)", [], output_field=IntegerField())
    few = Project.objects.filter(pk__in=RawSQL("SELECT fitting.id FROM fitting", []))
    to, dimensions = Value(str(vector)), len(vector)
    compared = _nearest(few.alias(fits=counted), to, model, dimensions, is_exact=True).filter(fits__lte=MOST_COMPARED)
    indexed = _nearest(projects.alias(fits=counted), to, model, dimensions).filter(fits__gt=MOST_COMPARED)
    columns = ("pk", "similarity")
    found = compared.values_list(*columns)[:limit].union(indexed.values_list(*columns)[:limit], all=True)
    sql, values = found.query.sql_with_params()
    return f"WITH fitting (id) AS MATERIALIZED ({fitting}) {sql}", [*given, *values]


def similar(
    project: Project, projects: QuerySet[Project], limit: int, *, dimensions: int | None = None
) -> list[Project]:
    """Return the ``limit`` of ``projects`` most like ``project``, itself left out; none for one without an embedding.

    A query less where ``dimensions`` says how many its embedding has.

    They come as those of ``like``; no vector leaves the database. Those are compared that the same model embedded:
    while ``reembed`` moves the index, those that it moved or those that it did not yet.
    """
    nearest = _nearest_to(project, projects, dimensions)
    return [] if nearest is None else _taken(nearest, limit)


def similar_asked(
    project: Project, projects: QuerySet[Project], limit: int, dimensions: int | None
) -> Statement | None:
    """Return the statement that gets what ``similar`` does as ``nearest_asked`` does; None for no embedding."""
    nearest = _nearest_to(project, projects, dimensions)
    return None if nearest is None else nearest.values_list("pk", "similarity")[:limit].query.sql_with_params()


def _nearest_to(project: Project, projects: QuerySet[Project], dimensions: int | None) -> QuerySet[Any] | None:
    stored = Project.objects.filter(pk=project.pk)
    if not project.embedding_model or (dimensions := dimensions or dimensions_of(stored)) is None:
        return None
    embedding = Subquery(stored.values("embedding"))
    return _nearest(projects.exclude(pk=project.pk), embedding, project.embedding_model, dimensions)


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


def _nearest(
    projects: QuerySet[Project], to: Combinable, model: str, dimensions: int, *, is_exact: bool = False
) -> QuerySet[Any]:
    """Return those of ``projects`` that ``model`` embedded, with cosine ``distance`` and ``similarity`` to a vector.

    They are in the order of the model's HNSW index, and the distance is spelt as the index has it: another expression
    would be computed for every row. With ``is_exact`` it is: in full precision, for which there is no index.
    """
    full = f"vector({dimensions})"
    exact = _distance(to, full)
    distance = exact if is_exact else _distance(to, vector_type(dimensions) or full)
    embedded: QuerySet[Any] = projects.filter(embedding_model=model)
    # What is shown is not rounded as the index is.
    return embedded.annotate(distance=distance, similarity=1 - exact).order_by("distance")


def _distance(to: Combinable, kind: str) -> Func:
    return Func(
        F("embedding"),
        to,
        template=f"(%(expressions)s::{kind})",
        arg_joiner=f"::{kind} <=> ",
        output_field=FloatField(),
    )


def _taken(nearest: QuerySet[Any], limit: int) -> list[Project]:
    with _whole_scans():
        # A vector of zeros has no direction, so no distance either: PostgreSQL gives NaN, which is not itself.
        return [project for project in nearest[:limit] if project.distance == project.distance]


@contextmanager
def _whole_scans() -> Iterator[None]:
    """Let a filtered scan of an HNSW index go on until it has as many rows as are asked for (pitfalls, 8.3)."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(WHOLE_SCANS)
        yield
