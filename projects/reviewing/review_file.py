"""Reviews as rows of a file."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from projects.models import Project

COLUMNS = ["id", "title", "review_status", "review_note", "is_bookmarked", "reviewer", "reviewed_at"]
CHUNK = 500


def review_rows(projects: QuerySet[Project]) -> Iterator[dict[str, Any]]:
    """Yield the review of each project as a row of COLUMNS, by id, fetched in chunks."""
    wanted = projects.order_by("id").select_related("reviewer").without_heavy_fields()
    for project in wanted.iterator(chunk_size=CHUNK):
        row = {name: getattr(project, name) for name in COLUMNS}
        row["reviewer"] = project.reviewer.get_username() if project.reviewer else None
        row["reviewed_at"] = project.reviewed_at.isoformat() if project.reviewed_at else None
        yield row
