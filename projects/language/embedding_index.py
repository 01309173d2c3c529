"""The HNSW index over the embeddings of one model. A column that holds several dimensions has one for each model."""

import hashlib

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Func, IntegerField, QuerySet
from psycopg import sql

from projects.models import Project

# pgvector 0.8 indexes up to 4,000 dimensions in half precision; beyond, search is exact. Half precision finds as many
# of the nearest as full precision does, from a smaller index (tests/benchmarks/recall.py).
MOST_INDEXED = 4_000
# Neighbours of a row in the graph, and how many are looked at to choose them. With pgvector's own, 16 and 64, a search
# among 200,000 misses more of the nearest.
GRAPH = "m = 24, ef_construction = 128"
# What a build may take. An index that outgrows it goes on being built in its pages, many times slower: 200,000 rows of
# 256 dimensions take 350 MB. By one process: several would take all of it as shared memory at once, which a container
# has little of.
BUILD_SETTINGS = "SET maintenance_work_mem = '1GB'; SET max_parallel_maintenance_workers = 0"


def dimensions_of(projects: QuerySet[Project]) -> int | None:
    """Return how many dimensions the first embedding among ``projects`` has; None where there is none."""
    dimensions = Func("embedding", function="vector_dims", output_field=IntegerField())
    found = projects.filter(embedding__isnull=False).order_by().values_list(dimensions, flat=True)
    return next(iter(found[:1]), None)


def index_name(model: str) -> str:
    """Return the name of a model's index; names of PostgreSQL end at 63 characters, so it is a digest."""
    return f"project_hnsw_{hashlib.sha256(model.encode()).hexdigest()[:16]}"


def vector_type(dimensions: int) -> str | None:
    """Return the type that an index of so many dimensions is made over; None where there can be none."""
    return f"halfvec({int(dimensions)})" if dimensions <= MOST_INDEXED else None


def ensure_index(model: str, dimensions: int) -> bool:
    """Make the index for ``model`` where it is missing, without locking the table. Return whether there is one.

    Call it outside a transaction. One that an earlier run left half made is made again.
    """
    kind = vector_type(dimensions)
    if kind is None:
        return False
    name = index_name(model)
    with connection.cursor() as cursor:
        cursor.execute("SELECT i.indisvalid FROM pg_index i WHERE i.indexrelid = to_regclass(%s)", [name])
        row = cursor.fetchone()
        if row and row[0]:
            return True
        if row:
            _run(cursor, "DROP INDEX CONCURRENTLY IF EXISTS {name}", name=sql.Identifier(name))
        cursor.execute(BUILD_SETTINGS)
        try:
            _run(
                cursor,
                "CREATE INDEX CONCURRENTLY {name} ON projects_project USING hnsw ((embedding::{kind}) "
                "halfvec_cosine_ops) WITH ({graph}) WHERE embedding_model = {model}",
                name=sql.Identifier(name),
                kind=sql.SQL(kind),
                graph=sql.SQL(GRAPH),
                model=sql.Literal(model),
            )
        finally:
            cursor.execute("RESET maintenance_work_mem; RESET max_parallel_maintenance_workers")
    return True


def drop_other_indexes(model: str) -> None:
    """Drop the indexes of all models but ``model``. Call it outside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE indexname LIKE 'project\\_hnsw\\_%%'", [])
        for (name,) in cursor.fetchall():
            if name != index_name(model):
                _run(cursor, "DROP INDEX CONCURRENTLY IF EXISTS {name}", name=sql.Identifier(name))


def _run(cursor: CursorWrapper, statement: str, **parts: sql.Composable) -> None:
    cursor.execute(sql.SQL(statement).format(**parts))
