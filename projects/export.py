"""Writes the index out: JSON Lines, JSON or CSV, a row at a time."""

import csv
import json
from collections.abc import Iterator
from typing import Any, TextIO

from django.db.models import QuerySet

from core.csv_cells import csv_cell
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

    Lists are joined by ", " in CSV, and a cell that a spreadsheet would run as a formula gets a leading "'".
    Raises ValueError for another format.
    """
    if format not in FORMATS:
        raise ValueError(f"format={format!r} is not valid: it takes {', '.join(FORMATS)}.")
    return {"jsonl": _write_lines, "json": _write_array, "csv": _write_csv}[format](export_rows(projects), out)


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


def _write_lines(rows: Iterator[dict[str, Any]], out: TextIO) -> int:
    return sum(1 for row in rows if out.write(json.dumps(row, ensure_ascii=False) + "\n"))


def _write_array(rows: Iterator[dict[str, Any]], out: TextIO) -> int:
    count = 0
    out.write("[")
    for count, row in enumerate(rows, start=1):
        out.write(("," if count > 1 else "") + "\n" + json.dumps(row, ensure_ascii=False))
    out.write("\n]\n")
    return count


def _write_csv(rows: Iterator[dict[str, Any]], out: TextIO) -> int:
    writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
    writer.writeheader()
    return sum(1 for row in rows if writer.writerow({name: csv_cell(value) for name, value in row.items()}))
