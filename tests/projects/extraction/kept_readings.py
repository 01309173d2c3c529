"""What readings left in the database, as lines of JSON that are the same on every run: ids are numbered anew."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

from comments.models import Comment
from projects.models import Extraction, Project, Submission

# What no two runs have in common, what is told by number or hash, and what the database makes of other fields.
VARYING = {"id", "created_at", "updated_at", "embedding", "search_vector", "reviewer", "reviewed_at"}


def lines_of(comments: Iterable[Comment]) -> Iterator[str]:
    """Yield a line for each comment with its newest reading, then one for each project, in the order of their ids."""
    numbers = {pk: number for number, pk in enumerate(Project.objects.order_by("pk").values_list("pk", flat=True), 1)}
    comments = list(comments)
    places = {comment.pk: place for place, comment in enumerate(comments, 1)}
    for comment in comments:
        yield _line(
            {"comment": places[comment.pk], "status": comment.status, "error": comment.last_error} | _reading(comment)
        )
    for project in Project.objects.order_by("pk").prefetch_related("tags", "pages"):
        yield _line({"project": numbers[project.pk]} | _told(project) | {"in": _submissions(project, places)})


def _reading(comment: Comment) -> dict[str, Any]:
    reading = Extraction.objects.filter(comment=comment).order_by("-pk").first()
    if reading is None:
        return {"reading": None}
    told = {
        name: getattr(reading, name)
        for name in ("analyst", "prompt_version", "status", "confidence", "segments", "error")
    }
    steps = [[step["step"], step["outcome"]] for step in reading.steps]
    return {"readings": comment.extractions.count(), "reading": told | {"steps": steps}}


def _told(project: Project) -> dict[str, Any]:
    fields = [field for field in Project._meta.concrete_fields if field.name not in VARYING]
    told = {field.name: getattr(project, field.attname) for field in fields}
    for name in ("first_seen_at", "last_seen_at"):
        told[name] = told[name].isoformat()
    vector = project.embedding
    told["embedding"] = vector is not None and hashlib.sha256(repr([float(one) for one in vector]).encode()).hexdigest()
    told["tags"] = sorted(tag.name for tag in project.tags.all())
    told["pages"] = sorted(page.url for page in project.pages.all())
    return told


def _submissions(project: Project, places: dict[int, int]) -> list[dict[str, Any]]:
    rows = Submission.objects.filter(project=project).order_by("comment_id", "position")
    return [
        {"comment": places[row.comment_id], "position": row.position, "text": row.text, "similarity": row.similarity}
        for row in rows
    ]


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, sort_keys=True)
