"""Writes the index out: JSON Lines, JSON or CSV, a row at a time."""

from collections.abc import Iterator
from typing import Any, TextIO

from django.db.models import QuerySet

from core.tables import table_file
from projects.models import Project

# A contract (design, section 6).
FIELDS = [
    "id",
    "title",
    "short_description",
    "description",
    "tags",
    "primary_url",
    "urls",
    "idea_score",
    "complexity_score",
    "source",
    "created_by",
    "review_status",
    "comment_ids",
    "first_seen_at",
    "last_seen_at",
]
FORMATS = ("jsonl", "csv", "json")
CHUNK = 500


def export_projects(projects: QuerySet[Project], format: str, out: TextIO) -> int:
    """Write ``projects`` to ``out`` in one of FORMATS and return how many. Memory does not grow with their number.

    Raises ValueError for another format.
    """
    if format not in FORMATS:
        raise ValueError(f"format={format!r} is invalid: it expects {', '.join(FORMATS)}.")
    count = 0

    def counted() -> Iterator[dict[str, Any]]:
        nonlocal count
        for row in export_rows(projects):
            count += 1
            yield row

    for piece in table_file(counted(), FIELDS, format):
        out.write(piece.decode())
    return count


def export_rows(projects: QuerySet[Project]) -> Iterator[dict[str, Any]]:
    """Yield each project as a row of FIELDS, by id, fetched in chunks."""
    wanted = projects.order_by("id").prefetch_related("tags", "submissions").defer("embedding", "search_vector")
    for project in wanted.iterator(chunk_size=CHUNK):
        row = {name: getattr(project, name) for name in FIELDS if name not in ("tags", "comment_ids")}
        row["tags"] = [tag.name for tag in project.tags.all()]
        row["comment_ids"] = sorted(submission.comment_id for submission in project.submissions.all())
        for name in ("first_seen_at", "last_seen_at"):
            row[name] = row[name].isoformat()
        yield {name: row[name] for name in FIELDS}
