"""Hides all that an author wrote, as they asked, and shows it again. Nothing is deleted."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from comments.models import AUTHOR_LENGTH, Comment, RemovedAuthor, Source


class RemovalError(Exception):
    """The author cannot be removed or shown again so; the message is one line."""


def comments_by(source: str, name: str) -> Any:
    """Return the comments of an author: of a name on one source, as it is written there."""
    return Comment.objects.filter(source=source, author=name)


def remove(source: str, name: str, reason: str, user: Any) -> RemovedAuthor:
    """Hide the comments of an author, those yet to come as well, and the projects that nobody else posted.

    Raises RemovalError where source, name or reason is missing or too long, and where the author is hidden already.
    """
    name, reason = name.strip(), reason.strip()
    if source not in Source.values:
        raise RemovalError(f"“{source[:60]}” is not a source: there are {', '.join(Source.values)}.")
    if not 0 < len(name) <= AUTHOR_LENGTH:
        raise RemovalError(f"An author's name has 1 to {AUTHOR_LENGTH} characters.")
    if not reason:
        raise RemovalError("A reason is missing: who asked, when and how.")
    try:
        with transaction.atomic():
            return RemovedAuthor.objects.create(source=source, name=name, reason=reason[:500], removed_by=user)
    except IntegrityError:
        raise RemovalError(f"{name} is hidden already.") from None


def restore(pk: int, user: Any) -> RemovedAuthor:
    """Show the comments and projects of an author again; what was collected meanwhile is read as any other.

    Raises RemovalError where they are shown already.
    """
    shown = RemovedAuthor.objects.active().filter(pk=pk).update(restored_at=timezone.now(), restored_by=user)
    if not shown:
        raise RemovalError("They are shown again already.")
    return RemovedAuthor.objects.get(pk=pk)
