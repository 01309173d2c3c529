"""What a person does to many projects at once: one act of the history, with the old values of each."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from core.text import counted
from projects.models import Project, ReviewAction, Tag
from projects.reviewing.acts import told
from projects.reviewing.history import Changed, Kind, Place, add_changes, lots, plain, record, tags_of, update_alike
from projects.tags import resolve


def review_many(
    projects: QuerySet[Project], status: str, user: Any, place: Place, note: str | None = None
) -> ReviewAction | None:
    """Set the review status (and the note, where one is given) of many projects; return the act, None for no change.

    Those that have the status already stay as they are, so that their reviewer is not overwritten; unless they are
    flagged, for then they were looked at again.
    """
    now = timezone.now()
    fields = {"review_status": status, "reviewer": user, "reviewed_at": now, "flag_reason": ""}
    after = {"review_status": status, "reviewer_id": user.pk, "reviewed_at": now.isoformat(), "flag_reason": ""}
    if note is not None:
        fields["review_note"] = after["review_note"] = note
    with transaction.atomic():
        rows = [row for row in _locked(projects, *after) if row.review_status != status or row.flag_reason]
        if not rows:
            return None
        summary = told({"review_status": status, "review_note": note}, _what(rows))
        action = record(user, Kind.REVIEW, place, summary, **_reach(rows))
        for lot in lots(rows):
            before = ({name: plain(row, name) for name in after} for row in lot)
            add_changes(action, [Changed(row.pk, row.title, was, after) for row, was in zip(lot, before, strict=True)])
        Project.objects.filter(pk__in=[row.pk for row in rows]).update(updated_at=now, **fields)
    return action


def tag_many(projects: QuerySet[Project], names: Iterable[str], user: Any, place: Place) -> ReviewAction | None:
    """Add tags to many projects; return the act, None where all had them.

    A later reading leaves the tags of these alone.
    """
    with transaction.atomic():
        tags = resolve(names)
        rows = _locked(projects, "edited_fields")
        held = tags_of(row.pk for row in rows)
        lacking = [row for row in rows if not held[row.pk].issuperset(tag.name for tag in tags)]
        if not lacking:
            return None
        named = ", ".join(sorted(tag.name for tag in tags))
        action = record(user, Kind.TAG, place, f"Added {named} to {_what(lacking)}", **_reach(lacking))
        for lot in lots(lacking):
            add_changes(action, _tag(lot, held, tags))
    return action


def _tag(rows: list[Project], held: dict[int, set[str]], tags: list[Tag]) -> list[Changed]:
    """Give ``rows`` those of ``tags`` that they lack, and return what that changed."""
    through, changes = Project.tags.through, []
    through.objects.bulk_create(
        through(project_id=row.pk, tag=tag) for row in rows for tag in tags if tag.name not in held[row.pk]
    )
    for row in rows:
        before = {"tags": sorted(held[row.pk]), "edited_fields": row.edited_fields}
        row.edited_fields = sorted({*row.edited_fields, "tags"})
        after = {"tags": sorted(held[row.pk].union(tag.name for tag in tags)), "edited_fields": row.edited_fields}
        changes.append(Changed(row.pk, row.title, before, after))
    update_alike({row.pk: {"edited_fields": row.edited_fields} for row in rows})
    return changes


def _locked(projects: QuerySet[Project], *names: str) -> list[Project]:
    """Return ``projects`` with the fields ``names``, locked until the transaction ends."""
    wanted = Project.objects.filter(pk__in=projects.order_by().values("pk")).order_by("pk")
    return list(wanted.select_for_update(of=("self",)).only("pk", "title", *names))


def _what(rows: list[Project]) -> str:
    return f"“{rows[0].title}”" if len(rows) == 1 else counted(len(rows), "project")


def _reach(rows: list[Project]) -> dict[str, Any]:
    return {"count": len(rows), "project_id": rows[0].pk if len(rows) == 1 else None}
