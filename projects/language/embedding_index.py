"""The HNSW index over the embeddings of one model. A column that holds several dimensions has one for each model."""

import hashlib

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Func, IntegerField, QuerySet
from psycopg import sql

from projects.models import Project

# pgvector 0.8 indexes ``vector`` up to 2,000 dimensions and ``halfvec`` up to 4,000; beyond, search is exact.
MOST_VECTOR, MOST_HALFVEC = 2_000, 4_000


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
    if dimensions <= MOST_VECTOR:
        return f"vector({int(dimensions)})"
    return f"halfvec({int(dimensions)})" if dimensions <= MOST_HALFVEC else None


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
        _run(
            cursor,
            "CREATE INDEX CONCURRENTLY {name} ON projects_project USING hnsw ((embedding::{kind}) {ops}) "
            "WHERE embedding_model = {model}",
            name=sql.Identifier(name),
            kind=sql.SQL(kind),
            ops=sql.SQL("vector_cosine_ops" if kind.startswith("vector") else "halfvec_cosine_ops"),
            model=sql.Literal(model),
        )
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
