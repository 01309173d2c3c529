"""What a person says about a project."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from projects.embedding import TEXTS, embed_anew
from projects.links import canonical_url
from projects.models import Project
from projects.tags import resolve

# What a review sets; any other field that a person changes is theirs from then on.
REVIEW_FIELDS = {"review_status", "review_note", "is_bookmarked"}
# What ``note_changes`` sets.
NOTED_FIELDS = ("reviewer", "reviewed_at", "flag_reason", "canonical_url", "edited_fields", "updated_at")


class ReviewConflict(Exception):
    """Somebody else changed the project meanwhile, so nothing was saved; the message is one line."""


def note_changes(project: Project, changed: set[str], reviewer: Any) -> None:
    """Set on ``project``, without saving it, what follows from a person having changed the fields ``changed``.

    ``reviewer`` is the user, None where a program reviewed. A later reading leaves the changed fields alone.
    """
    if "review_status" in changed:
        project.reviewer, project.reviewed_at = reviewer, timezone.now()
    if changed:
        project.flag_reason = ""
    project.canonical_url = canonical_url(project.primary_url)
    project.edited_fields = sorted({*project.edited_fields, *(changed - REVIEW_FIELDS)})


def review(project_id: int, changes: dict[str, Any], reviewer: Any, *, seen: datetime | None = None) -> Project:
    """Apply ``changes`` (fields of a project; tags as names) to a project and return it.

    Tags that do not exist are made. ``seen`` is the ``updated_at`` of the row that the reviewer looked at: when the
    row is another one by now nothing is saved. Raises Project.DoesNotExist and ReviewConflict.
    """
    changes = dict(changes)
    names = changes.pop("tags", None)
    with transaction.atomic():
        project = locked(project_id, seen)
        changed = {name for name, value in changes.items() if getattr(project, name) != value}
        if project.flag_reason and "review_status" in changes:
            # Looked at again and confirmed.
            changed.add("review_status")
        for name in changed:
            setattr(project, name, changes[name])
        if names is not None and _set_tags(project, names):
            changed.add("tags")
        note_changes(project, changed, reviewer)
        if changed:
            project.save(update_fields=[*(changed - {"tags"}), *NOTED_FIELDS])
        if changed & TEXTS:
            embed_anew(project.pk)
    return project


def _set_tags(project: Project, names: Iterable[str]) -> bool:
    wanted = resolve(names)
    if {tag.pk for tag in wanted} == set(project.tags.values_list("pk", flat=True)):
        return False
    project.tags.set(wanted)
    return True


def locked(project_id: int, seen: datetime | None) -> Project:
    """Return the project, locked until the transaction ends, if it still is as it was ``seen`` (None: however it is).

    Raises Project.DoesNotExist and ReviewConflict.
    """
    projects = Project.objects.select_for_update(of=("self",)).select_related("reviewer")
    project = projects.defer("embedding", "search_vector").get(pk=project_id)
    if seen is not None and project.updated_at != seen:
        raise ReviewConflict(_told(project, seen))
    return project


def _told(project: Project, seen: datetime) -> str:
    """Return what happened to ``project`` since it was ``seen``."""
    if project.reviewed_at is not None and project.reviewed_at > seen:
        who = project.reviewer.get_username() if project.reviewer else "Somebody"
        what = f"{who} {project.get_review_status_display().lower()} “{project.title}”"
    else:
        what = f"“{project.title}” was changed"
    at = timezone.localtime(project.updated_at)
    return f"{what} at {at:%H:%M:%S}, after you opened it. Nothing was changed by you: look at it again."
