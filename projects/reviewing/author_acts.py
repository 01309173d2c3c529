"""Hiding all that an author wrote and showing it again, as acts of the history."""

from typing import Any

from django.db import transaction

from comments import removing
from comments.models import RemovedAuthor
from projects.models import ReviewAction
from projects.removal import reach_of
from projects.reviewing.history import Kind, Place, record


def hide(source: str, name: str, reason: str, user: Any) -> tuple[RemovedAuthor, ReviewAction]:
    """Hide what an author wrote, as ``comments.removing.remove`` does, and keep that. Raises RemovalError."""
    with transaction.atomic():
        count = reach_of(source, name).projects
        removed = removing.remove(source, name, reason, user)
        return removed, _kept(Kind.REMOVAL, f"Removed {removed}", removed, count, user)


def show(pk: int, user: Any) -> tuple[RemovedAuthor, ReviewAction]:
    """Show what an author wrote again, as ``comments.removing.restore`` does, and keep that. Raises RemovalError."""
    with transaction.atomic():
        shown = removing.restore(pk, user)
        count = reach_of(shown.source, shown.name).projects
        return shown, _kept(Kind.RESTORE, f"Showed {shown} again", shown, count, user)


def _kept(kind: Kind, summary: str, author: RemovedAuthor, count: int, user: Any) -> ReviewAction:
    return record(user, kind, Place.AUTHORS, summary, count=count, details={"removed": author.pk})


def show_again(action: ReviewAction, user: Any) -> None:
    """Undo ``hide``. Raises RemovalError where they are shown already."""
    removing.restore(action.details["removed"], user)


def hide_again(action: ReviewAction, user: Any) -> None:
    """Undo ``show``. Raises RemovalError where they are hidden already."""
    author = RemovedAuthor.objects.get(pk=action.details["removed"])
    removing.remove(author.source, author.name, author.reason, user)
