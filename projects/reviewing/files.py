"""Reviews as rows of a file, and back: what a file would change, and changing it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.dateparse import parse_datetime

from core.tables import FORMULA_STARTS
from core.text import counted, storable
from core.times import written
from projects.models import Project, ProjectQuerySet, ReviewAction
from projects.reviewing.fields import NOTED_FIELDS, note_changes
from projects.reviewing.history import Changed, Kind, Place, record, state

COLUMNS = ["id", "title", "review_status", "review_note", "is_bookmarked", "reviewer", "reviewed_at"]
CHUNK = 500
FIRST_ROW = 2  # below the header


def review_rows(projects: ProjectQuerySet) -> Iterator[dict[str, Any]]:
    """Yield the review of each project as a row of COLUMNS, by id, fetched in chunks."""
    wanted = projects.order_by("id").select_related("reviewer").without_heavy_fields()
    for project in wanted.iterator(chunk_size=CHUNK):
        row = {name: getattr(project, name) for name in COLUMNS}
        row["reviewer"] = project.reviewer.get_username() if project.reviewer else None
        row["reviewed_at"] = project.reviewed_at.isoformat() if project.reviewed_at else None
        yield row


@dataclass(frozen=True)
class Change:
    """One project whose review changes: ``before`` and ``after`` have the fields of a review; ``row`` is its row.

    ``noted`` is what else an undo puts back.
    """

    project_id: int
    title: str
    before: dict[str, Any]
    after: dict[str, Any]
    row: dict[str, Any]
    noted: dict[str, Any]


@dataclass
class Outcome:
    """What a file does: the changes, how many rows change nothing, and what is wrong with it, a line each.

    With an error nothing is changed at all. ``action`` is the act in the history, where something was.
    """

    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    errors: list[str] = field(default_factory=list)
    action: ReviewAction | None = None


def import_reviews(rows: list[dict[str, Any]], user: Any, *, dry_run: bool) -> Outcome:
    """Set status, note and bookmark of projects from ``rows`` (as of COLUMNS; others are ignored), all or none.

    ``dry_run`` only tells what would change. A column that is not there changes nothing. A project that a person
    reviewed after the file was written (column ``reviewed_at``) is refused, so that an old file cannot overwrite a
    newer review.
    """
    if not any("id" in row for row in rows):
        return Outcome(errors=["There is no column “id”, or the file has no rows."])
    outcome = Outcome()
    with transaction.atomic():
        projects = _locked(rows)
        for number, row in enumerate(rows, FIRST_ROW):
            try:
                change = _apply(row, projects, user)
            except ValueError as error:
                outcome.errors.append(f"Row {number}: {error}")
                continue
            if change is None:
                outcome.unchanged += 1
            else:
                outcome.changes.append(change)
        if outcome.changes and not dry_run and not outcome.errors:
            for project in {change.project_id: projects[change.project_id] for change in outcome.changes}.values():
                project.save(update_fields=[*READERS, *NOTED_FIELDS])
            outcome.action = _keep(outcome.changes, projects, user)
    return outcome


def _keep(changes: list[Change], projects: dict[int, Project], user: Any) -> ReviewAction:
    first = {change.project_id: change for change in reversed(changes)}
    kept = [
        Changed(pk, change.title, change.before | change.noted, state(projects[pk], READERS))
        for pk, change in sorted(first.items())
    ]
    return record(user, Kind.REVIEW, Place.IMPORT, f"Imported {counted(len(kept), 'review')} from a file", changes=kept)


def _locked(rows: list[dict[str, Any]]) -> dict[int, Project]:
    """Return the projects of all rows by id, with what a review needs, locked until the transaction ends."""
    ids = {int(text) for row in rows if (text := _id_text(row)).isdecimal() and len(text) < 19}
    projects = Project.objects.select_for_update(of=("self",)).select_related("reviewer")
    needed = projects.only("title", "primary_url", *READERS, *NOTED_FIELDS, "reviewer__username")
    return {project.pk: project for project in needed.filter(pk__in=ids).order_by("pk")}


def _id_text(row: dict[str, Any]) -> str:
    return str(row.get("id") or "").strip()


def _apply(row: dict[str, Any], projects: dict[int, Project], user: Any) -> Change | None:
    """Set on the row's project what the row says; None where that is so already. Raises ValueError with the reason."""
    if not _id_text(row).isdecimal():
        raise ValueError(f"{row.get('id')!r} is not the id of a project.")
    project = projects.get(int(_id_text(row)))
    if project is None:
        raise ValueError(f"There is no project {row['id']!r}.")
    noted = state(project, ())
    before = {name: getattr(project, name) for name in READERS}
    said = {name: read(row[name]) for name, read in READERS.items() if name in row}
    after = before | said
    if after == before:
        return None
    known = project.reviewed_at
    if "reviewed_at" in row and known is not None:
        _refuse_newer(project, row["reviewed_at"])
    for name, value in said.items():
        setattr(project, name, value)
    note_changes(project, {name for name in said if said[name] != before[name]}, user)
    # The time also where the file has no such column: the row is compared again when the preview is confirmed.
    checked = {"id": project.pk, **said, "reviewed_at": known.isoformat() if known else None}
    return Change(project.pk, project.title, before, after, checked, noted)


def _refuse_newer(project: Project, told: Any) -> None:
    if project.reviewed_at != (parse_datetime(str(told)) if told else None):
        who = project.reviewer.get_username() if project.reviewer else "somebody"
        at = f" at {written(project.reviewed_at)}" if project.reviewed_at else ""
        raise ValueError(
            f"“{project.title}” was reviewed by {who}{at}, after this file was written or looked at: it stays as it is."
        )


def _status(value: Any) -> str:
    status = str(value or "").strip().lower()
    if status not in Project.ReviewStatus.values:
        raise ValueError(f"{status!r} is not a review status: it expects {', '.join(Project.ReviewStatus.values)}.")
    return status


def _note(value: Any) -> str:
    """Return the note as it was before its cell got an apostrophe on the way out."""
    text = storable("" if value is None else str(value))
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text


def _truth(value: Any) -> bool:
    """Return the truth value, in the spellings of CSV, JSON and Excel."""
    word = str("" if value is None else value).strip().lower()
    if word not in ("1", "true", "yes", "0", "false", "no", ""):
        raise ValueError(f"{value!r} is neither true nor false.")
    return word in ("1", "true", "yes")


# The columns that are read, and how.
READERS = {"review_status": _status, "review_note": _note, "is_bookmarked": _truth}
