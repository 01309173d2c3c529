"""What a person says about a project."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from projects.duplicates import canonical_url
from projects.models import Project, Tag

# What a review sets; any other field that a person changes is theirs from then on.
REVIEW_FIELDS = {"review_status", "review_note", "is_bookmarked"}
# What ``note_changes`` sets.
NOTED_FIELDS = ("reviewer", "reviewed_at", "flag_reason", "canonical_url", "edited_fields", "updated_at")


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


def review(project_id: int, changes: dict[str, Any], reviewer: Any) -> Project:
    """Apply ``changes`` (review_status, review_note, is_bookmarked, tags as names) to a project and return it.

    Tags that do not exist are made. Raises Project.DoesNotExist.
    """
    changes = dict(changes)
    names = changes.pop("tags", None)
    with transaction.atomic():
        project = Project.objects.select_for_update().defer("embedding", "search_vector").get(pk=project_id)
        changed = {name for name, value in changes.items() if getattr(project, name) != value}
        for name in changed:
            setattr(project, name, changes[name])
        if names is not None:
            wanted = {name.strip().lower() for name in names}
            if wanted != set(project.tags.values_list("name", flat=True)):
                Tag.objects.bulk_create([Tag(name=name) for name in sorted(wanted)], ignore_conflicts=True)
                project.tags.set(Tag.objects.filter(name__in=wanted))
                changed.add("tags")
        note_changes(project, changed, reviewer)
        if changed:
            project.save(update_fields=[*(changed - {"tags"}), *NOTED_FIELDS])
    return project
