"""The fields of a project, as files and the API tell them; and the index written out, a row at a time."""

import itertools
from collections.abc import Iterator
from datetime import datetime
from operator import attrgetter
from typing import Any, TextIO

from django.db.models import QuerySet

from core.api.listing import values_of
from core.tables import table_file
from projects.catalogue import with_names
from projects.models import Project

# A contract (design, section 6), in this order: each with its type.
FIELDS: dict[str, Any] = {
    "id": int, "title": str, "short_description": str, "description": str, "tags": list[str], "primary_url": str,
    "urls": list[str], "idea_score": int, "complexity_score": int, "source": str, "created_by": str,
    "review_status": str, "comment_ids": list[int], "first_seen_at": datetime, "last_seen_at": datetime,
    "confidence": float,
}  # fmt: skip
# How the value of each, as JSON has it, is got from a row of ``catalogue.with_names``.
VALUES = values_of(FIELDS) | {"tags": attrgetter("tag_names")}
FORMATS = ("jsonl", "csv", "json")
CHUNK = 500


def export_projects(projects: QuerySet[Project], format: str, out: TextIO) -> int:
    """Write ``projects`` to ``out`` in one of FORMATS and return how many. Memory does not grow with their number.

    Raises ValueError for another format.
    """
    if format not in FORMATS:
        raise ValueError(f"format={format!r} is invalid: it expects {', '.join(FORMATS)}.")
    count = itertools.count()
    rows = (row for row, _ in zip(export_rows(projects), count, strict=False))
    for piece in table_file(rows, list(FIELDS), format):
        out.write(piece.decode())
    return next(count)


def export_rows(projects: QuerySet[Project]) -> Iterator[dict[str, Any]]:
    """Yield each project as a row of FIELDS, by id, fetched in chunks."""
    for project in with_names(projects).order_by("id").iterator(chunk_size=CHUNK):
        yield {name: get(project) for name, get in VALUES.items()}
