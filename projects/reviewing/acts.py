"""The acts of a person on one project, each kept in the history so that it can be undone."""

from datetime import datetime
from typing import Any

from django.db import transaction

from projects.models import Project, ReviewAction, Submission
from projects.reviewing import merging, splitting
from projects.reviewing.fields import REVIEW_FIELDS, locked, review
from projects.reviewing.history import Changed, Kind, Place, record, state

STATUS = {
    Project.ReviewStatus.APPROVED: "Approved",
    Project.ReviewStatus.REJECTED: "Rejected",
    Project.ReviewStatus.PENDING: "Set back to pending",
}


def change(
    project_id: int, changes: dict[str, Any], user: Any, place: Place, seen: datetime | None = None
) -> ReviewAction:
    """Apply ``changes`` as ``fields.review`` does, and keep them. Raises as that does."""
    with transaction.atomic():
        before = state(locked(project_id, seen), changes)
        project = review(project_id, changes, user)
        return keep_change(project, changes, before, user, place)


def keep_change(
    project: Project, changes: dict[str, Any], before: dict[str, Any], user: Any, place: Place
) -> ReviewAction:
    """Keep that ``changes`` were made to ``project``, whose ``history.state`` was ``before``."""
    changed = Changed(project.pk, project.title, before, state(project, changes))
    return record(user, kind_of(changes), place, told(changes, f"“{project.title}”"), changes=[changed])


def kind_of(changes: dict[str, Any]) -> Kind:
    """Return what an act is that changes these fields."""
    if set(changes) == {"is_bookmarked"}:
        return Kind.BOOKMARK
    return Kind.EDIT if set(changes) - REVIEW_FIELDS else Kind.REVIEW


def told(changes: dict[str, Any], what: str) -> str:
    """Return in a line that ``what`` (a title, or how many projects) was changed so."""
    if kind_of(changes) == Kind.BOOKMARK:
        return f"{'Bookmarked' if changes['is_bookmarked'] else 'Took the bookmark from'} {what}"
    status = changes.get("review_status")
    if kind_of(changes) == Kind.EDIT or status is None:
        return f"Edited {', '.join(sorted(name.replace('_', ' ') for name in changes))} of {what}"
    note = changes.get("review_note")
    return f"{STATUS[status]} {what}{f': {note}' if note else ''}"


def merge_into(project_id: int, kept_id: int, user: Any, place: Place, seen: datetime | None = None) -> ReviewAction:
    """Make a project part of ``kept_id``. Raises Project.DoesNotExist, ReviewConflict and MergeError."""
    with transaction.atomic():
        locked(project_id, seen)
        merge = merging.merge(kept_id, project_id, user)
        summary = f"Merged “{merge.absorbed_title}” into “{merge.kept.title}”"
        return record(
            user, Kind.MERGE, place, summary, project_id=project_id, count=1, details={"kept": kept_id}, merge=merge
        )


def split_off(
    project_id: int, submission_id: int, user: Any, place: Place, seen: datetime | None = None
) -> ReviewAction:
    """Make a submission of a project one of its own. Raises Project.DoesNotExist, ReviewConflict and SplitError."""
    with transaction.atomic():
        project = locked(project_id, seen)
        if not Submission.objects.filter(pk=submission_id, project=project_id).exists():
            raise splitting.SplitError(f"Project {project_id} has no submission {submission_id}.")
        new = splitting.split_off(submission_id)
        new.refresh_from_db(fields=["updated_at"])
        details = {"new": new.pk, "updated_at": new.updated_at.isoformat()}
        summary = f"Split project {new.pk} off “{project.title}”"
        return record(user, Kind.SPLIT, place, summary, project_id=project_id, count=1, details=details)
