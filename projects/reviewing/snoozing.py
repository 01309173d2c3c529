"""Puts a project of the review off until later: it waits on, and comes back by itself."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from core.times import written
from projects.models import Project, ReviewAction, Snooze
from projects.reviewing.fields import ReviewConflict, locked
from projects.reviewing.history import Kind, Place, record

LATER_TODAY = timedelta(hours=3)
MORNING = time(9)
LONGEST_NOTE = 300
# What the pages offer, by key and by button.
CHOICES = {"today": "Later today", "tomorrow": "Tomorrow", "week": "Next week"}


class SnoozeError(Exception):
    """It cannot be put off so; the message is one line."""


def until(choice: str, now: datetime | None = None) -> datetime:
    """Return when a project that is snoozed by one of CHOICES comes back. Raises SnoozeError for another choice.

    Later today is in three hours, or a minute before midnight; tomorrow and next week (its Monday) at nine, in
    TIME_ZONE.
    """
    now = timezone.localtime(now)
    if choice == "today":
        last = datetime.combine(now.date(), time(23, 59), now.tzinfo)
        return max(min(now + LATER_TODAY, last), now + timedelta(minutes=1))
    days = {"tomorrow": 1, "week": 7 - now.weekday()}.get(choice)
    if days is None:
        raise SnoozeError(f"Choose one of {', '.join(label.lower() for label in CHOICES.values())}.")
    return datetime.combine(now.date() + timedelta(days=days), MORNING, now.tzinfo)


def snooze(
    project_id: int, choice: str, note: str, user: Any, place: Place, seen: datetime | None = None
) -> ReviewAction:
    """Put a project off. Raises SnoozeError, Project.DoesNotExist and ReviewConflict."""
    back = until(choice).astimezone(UTC)
    with transaction.atomic():
        project = locked(project_id, seen)
        if project.review_status != Project.ReviewStatus.PENDING:
            raise SnoozeError(f"“{project.title}” waits for no review: it is {project.review_status}.")
        before = noted(project.pk)
        values = {"until": back, "note": note[:LONGEST_NOTE], "user": user, "snoozed_at": timezone.now()}
        row, _ = Snooze.objects.update_or_create(project=project, defaults=values)
        summary = f"Snoozed “{project.title}” until {written(back)}{f': {note}' if note else ''}"
        details = {"before": before, "until": row.until.isoformat()}
        return record(user, Kind.SNOOZE, place, summary, project_id=project.pk, count=1, details=details)


def wake(project_id: int, user: Any, place: Place, seen: datetime | None = None) -> ReviewAction:
    """Let a project come back now. Raises SnoozeError, Project.DoesNotExist and ReviewConflict."""
    with transaction.atomic():
        project = locked(project_id, seen)
        before = noted(project.pk)
        if before is None:
            raise SnoozeError(f"“{project.title}” is not snoozed.")
        Snooze.objects.filter(project=project).delete()
        details = {"before": before, "until": None}
        return record(
            user, Kind.SNOOZE, place, f"Woke “{project.title}”", project_id=project.pk, count=1, details=details
        )


def put_back(action: ReviewAction) -> None:
    """Undo a snooze or its end. Raises ReviewConflict where somebody snoozed or woke the project since."""
    project_id = action.project_id or 0
    row = Snooze.objects.select_for_update().filter(project=project_id).first()
    if (row.until.isoformat() if row else None) != action.details["until"]:
        raise ReviewConflict("Somebody snoozed or woke it since then")
    before = action.details["before"]
    if before is None:
        if row is not None:
            row.delete()
    else:
        if not Project.objects.filter(pk=project_id).exists():
            raise ReviewConflict("The project is gone: it was merged into another one, or removed")
        restore(project_id, before)


def noted(project_id: int) -> dict[str, Any] | None:
    """Return the snooze of a project as JSON holds it, for ``restore``; None where it has none."""
    row = Snooze.objects.filter(project=project_id).first()
    return None if row is None else {"until": row.until.isoformat(), "note": row.note, "user_id": row.user_id}


def restore(project_id: int, before: dict[str, Any]) -> None:
    """Snooze a project as ``noted`` found it; an account that is gone since is nobody's."""
    user = get_user_model().objects.filter(pk=before["user_id"]).first()
    values = {"until": datetime.fromisoformat(before["until"]), "note": before["note"], "user": user}
    Snooze.objects.update_or_create(project_id=project_id, defaults=values)
