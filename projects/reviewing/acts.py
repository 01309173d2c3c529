"""The acts of a reviewer at the queue, each kept so that it can be undone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from projects.embedding import TEXTS, embed_anew
from projects.models import Project, ReviewAction, Submission
from projects.reviewing import merging, splitting
from projects.reviewing.fields import ReviewConflict, locked, review
from projects.tags import resolve

# What an undo puts back beside the fields that the reviewer changed.
NOTED = ("reviewer_id", "reviewed_at", "flag_reason", "canonical_url", "edited_fields")
TIMES = ("reviewed_at",)


class NothingToUndo(Exception):
    """The reviewer did nothing that could be undone; the message is one line."""


@dataclass(frozen=True)
class Undone:
    """What was taken back, and the project that it was done to."""

    project_id: int
    action: ReviewAction


def change(project_id: int, changes: dict[str, Any], user: Any, kind: str, seen: datetime | None) -> ReviewAction:
    """Apply ``changes`` as ``fields.review`` does, and note them for an undo. Raises as that does."""
    with transaction.atomic():
        before = _state(locked(project_id, seen), changes)
        project = review(project_id, changes, user)
        return ReviewAction.objects.create(
            user=user, kind=kind, project_id=project.pk, before=before, after=_state(project, changes)
        )


def merge_into(project_id: int, kept_id: int, user: Any, seen: datetime | None) -> ReviewAction:
    """Make a project part of ``kept_id``. Raises Project.DoesNotExist, ReviewConflict and MergeError."""
    with transaction.atomic():
        locked(project_id, seen)
        record = merging.merge(kept_id, project_id, user)
        return ReviewAction.objects.create(
            user=user, kind=ReviewAction.Kind.MERGE, project_id=project_id, merge=record, after={"kept": kept_id}
        )


def split_off(project_id: int, submission_id: int, user: Any, seen: datetime | None) -> ReviewAction:
    """Make a submission of a project one of its own. Raises Project.DoesNotExist, ReviewConflict and SplitError."""
    with transaction.atomic():
        locked(project_id, seen)
        if not Submission.objects.filter(pk=submission_id, project=project_id).exists():
            raise splitting.SplitError(f"Project {project_id} has no submission {submission_id}.")
        new = splitting.split_off(submission_id)
        new.refresh_from_db(fields=["updated_at"])
        return ReviewAction.objects.create(
            user=user,
            kind=ReviewAction.Kind.SPLIT,
            project_id=project_id,
            after={"new": new.pk, "updated_at": new.updated_at.isoformat()},
        )


def undo(user: Any) -> Undone:
    """Take back the last thing that ``user`` did and has not taken back.

    Raises NothingToUndo, and ReviewConflict, MergeError or SplitError where somebody changed the project since then.
    """
    with transaction.atomic():
        # One undo after another: a second press must not take back the same thing.
        actions = ReviewAction.objects.select_for_update(of=("self",))
        action = actions.filter(user=user, undone_at=None).order_by("-pk").first()
        if action is None:
            raise NothingToUndo("There is nothing of yours to undo.")
        if action.merge_id is not None:
            merging.unmerge(action.merge_id)
        elif action.kind == ReviewAction.Kind.SPLIT:
            _rejoin(action)
        else:
            _put_back(action)
        action.undone_at = timezone.now()
        action.save(update_fields=["undone_at"])
    return Undone(action.project_id, action)


def _rejoin(action: ReviewAction) -> None:
    new = Project.objects.select_for_update().defer("embedding", "search_vector").filter(pk=action.after["new"]).first()
    if new is None or new.updated_at.isoformat() != action.after["updated_at"]:
        raise ReviewConflict("What was split off has been changed since then: merge the two instead.")
    splitting.rejoin(new)


def _put_back(action: ReviewAction) -> None:
    try:
        project = locked(action.project_id, None)
    except Project.DoesNotExist:
        raise ReviewConflict("The project is gone: it was merged into another one, or removed.") from None
    names = [name for name in action.before if name not in NOTED]
    if _state(project, names) != action.after:
        raise ReviewConflict(f"“{project.title}” was changed since then: it stays as it is.")
    for name, value in action.before.items():
        if name == "tags":
            project.tags.set(resolve(value))
        else:
            setattr(project, name, parse_datetime(value) if name in TIMES and value else value)
    project.save(update_fields=[*(set(action.before) - {"tags"}), "updated_at"])
    if TEXTS & set(action.before):
        embed_anew(project.pk)


def _state(project: Project, names: Any) -> dict[str, Any]:
    state = {name: getattr(project, name) for name in (*names, *NOTED) if name != "tags"}
    state["reviewed_at"] = project.reviewed_at and project.reviewed_at.isoformat()
    if "tags" in names:
        state["tags"] = sorted(project.tags.values_list("name", flat=True))
    return state
