"""The fields of a project, as files and the API tell them; and the index written out, a row at a time."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, TextIO

from django.db.models import QuerySet

from core.tables import table_file
from projects.catalogue import with_names
from projects.models import Project


@dataclass(frozen=True)
class ProjectField:
    """Its type, and how its value, as JSON has it, is got from a row of ``catalogue.with_names``."""

    type: Any
    get: Callable[[Project], Any]


def _time(name: str) -> ProjectField:
    return ProjectField(datetime, lambda project: getattr(project, name).isoformat())


# A contract (design, section 6), in this order.
FIELDS = {
    "id": ProjectField(int, attrgetter("id")),
    "title": ProjectField(str, attrgetter("title")),
    "short_description": ProjectField(str, attrgetter("short_description")),
    "description": ProjectField(str, attrgetter("description")),
    "tags": ProjectField(list[str], attrgetter("tag_names")),
    "primary_url": ProjectField(str, attrgetter("primary_url")),
    "urls": ProjectField(list[str], attrgetter("urls")),
    "idea_score": ProjectField(int, attrgetter("idea_score")),
    "complexity_score": ProjectField(int, attrgetter("complexity_score")),
    "source": ProjectField(str, attrgetter("source")),
    "created_by": ProjectField(str, attrgetter("created_by")),
    "review_status": ProjectField(str, attrgetter("review_status")),
    "comment_ids": ProjectField(list[int], attrgetter("comment_ids")),
    "first_seen_at": _time("first_seen_at"),
    "last_seen_at": _time("last_seen_at"),
}
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
        yield {name: field.get(project) for name, field in FIELDS.items()}
