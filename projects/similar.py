"""Finds the projects most like a given one, by their embeddings, inside the database."""

from dataclasses import dataclass

from django.db import connection, transaction

from projects.language.embedding_index import vector_type
from projects.models import Project

# What is fetched of each: the rest of a row stays in the database.
SHOWN = ("id", "title", "short_description", "review_status")


@dataclass(frozen=True)
class Similar:
    """A project like the given one, with the fields SHOWN. ``similarity`` is a cosine."""

    project: Project
    similarity: float

    @property
    def percent(self) -> int:
        """The similarity in percent."""
        return round(100 * self.similarity)


def similar_projects(project: Project, limit: int) -> list[Similar]:
    """Return the ``limit`` projects nearest to ``project`` among those that the same model embedded, nearest first.

    The vectors stay in the database. Rejected projects are left out; a project without embedding has none like it.
    """
    if not project.embedding_model:
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        # The setting: without it a filtered search by HNSW comes back with fewer rows than asked for (pitfalls, 8.3).
        cursor.execute(
            "SELECT vector_dims(embedding), set_config('hnsw.iterative_scan', 'strict_order', true) "
            "FROM projects_project WHERE id = %s",
            [project.pk],
        )
        row = cursor.fetchone()
        if row is None or row[0] is None:
            return []
        kind = vector_type(row[0]) or f"vector({int(row[0])})"
        # One row more than asked for, since the nearest is the project itself: to filter it out would be no index scan.
        cursor.execute(
            f"SELECT {', '.join(SHOWN)}, "
            f"embedding::{kind} <=> (SELECT embedding::{kind} FROM projects_project WHERE id = %(id)s) "
            "FROM projects_project WHERE embedding_model = %(model)s AND review_status <> 'rejected' "
            f"ORDER BY embedding::{kind} <=> (SELECT embedding::{kind} FROM projects_project WHERE id = %(id)s) "
            "LIMIT %(limit)s",
            {"id": project.pk, "model": project.embedding_model, "limit": limit + 1},
        )
        nearest = [Similar(Project.from_db("default", SHOWN, row[:-1]), 1 - row[-1]) for row in cursor.fetchall()]
    return [similar for similar in nearest if similar.project.pk != project.pk][:limit]
