"""Takes acts back, and leaves alone what somebody changed since then."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from comments import removing
from core.times import written
from projects.models import Project, ReviewAction, Snooze
from projects.reviewing import author_acts, merging, restoring, snoozing, splitting, tag_acts
from projects.reviewing.fields import ReviewConflict
from projects.reviewing.history import Kind, Left, Place
from projects.tags import TagError

REFUSALS = (ReviewConflict, merging.MergeError, splitting.SplitError, TagError, removing.RemovalError)


class UndoError(Exception):
    """The act is not undone, nothing was changed; the message is one line."""


class NothingToUndo(UndoError):
    """The person did nothing that could be undone."""


class DoneElsewhere(UndoError):
    """The last act of the person was not done here; ``action`` is that act."""

    def __init__(self, action: ReviewAction) -> None:
        where, at = action.get_place_display(), written(action.done_at)
        super().__init__(f"Your last act was done elsewhere, in {where}: {action} ({at}).")
        self.action = action


@dataclass(frozen=True)
class Undone:
    """The act that was taken back, and what was left as it is: a title or name, and why."""

    action: ReviewAction
    left: Left = field(default_factory=list)

    @property
    def told(self) -> str:
        """What happened, in a line or two."""
        if not self.left:
            return f"Undone: {self.action}."
        some = "; ".join(f"{what}: {why}" for what, why in self.left[:3])
        more = f"; and {len(self.left) - 3:,} more" if len(self.left) > 3 else ""
        return f"Undone: {self.action}. Left as it is, for it was changed since: {some}{more}."


def undo_last(user: Any, place: Place) -> Undone:
    """Take back the very last thing that ``user`` did and has not taken back, where that was done in ``place``.

    Raises NothingToUndo; DoneElsewhere; UndoError where somebody changed since then what was changed.
    """
    last = ReviewAction.objects.filter(user=user, undone_at=None).first()
    if last is None:
        raise NothingToUndo("There is nothing of yours to undo.")
    if last.place != place:
        raise DoneElsewhere(last)
    return undo(last.pk, user)


def undo(pk: int, user: Any) -> Undone:
    """Take an act back, all of it but what somebody changed since. Raises UndoError where nothing can be taken back."""
    with transaction.atomic():
        # One undo after another: a second press must not take back the same thing.
        action = ReviewAction.objects.select_for_update(of=("self",)).filter(pk=pk).first()
        if action is None:
            raise UndoError("There is no such act in the history.")
        if action.undone_at is not None:
            raise UndoError(f"It was undone already: {action}.")
        try:
            left = WAYS[Kind(action.kind)](action, user)
        except REFUSALS as error:
            raise UndoError(f"{str(error).rstrip('.')}. Nothing was undone.") from None
        action.undone_at, action.undone_by = timezone.now(), user
        action.save(update_fields=["undone_at", "undone_by"])
    return Undone(action, left)


def _put_back(action: ReviewAction, user: Any) -> Left:
    return restoring.put_back(action)


def _part(action: ReviewAction, user: Any) -> Left:
    if action.merge is None:
        raise merging.MergeError("The project that it was merged into is gone")
    parted = merging.unmerge(action.merge.pk)
    names = ", ".join(name.removesuffix("_id").replace("_", " ") for name in parted.left)
    return [(f"“{action.merge.kept.title}”", f"{names} changed since")] if names else []


def _rejoin(action: ReviewAction, user: Any) -> Left:
    rows = Project.objects.select_for_update().defer("embedding", "search_vector")
    new = rows.filter(pk=action.details["new"]).first()
    is_same = new is not None and new.updated_at.isoformat() == action.details["updated_at"]
    if new is None or not is_same or Snooze.objects.filter(project=new).exists():
        raise splitting.SplitError("What was split off has been changed since then: merge the two instead")
    splitting.rejoin(new)
    return []


def _wake(action: ReviewAction, user: Any) -> Left:
    snoozing.put_back(action)
    return []


def _tags(action: ReviewAction, user: Any) -> Left:
    return tag_acts.undo(action)


def _never(action: ReviewAction, user: Any) -> Left:
    raise UndoError(f"{action}: that cannot be undone. What you did before it can, in the history.")


def _show_author(action: ReviewAction, user: Any) -> Left:
    author_acts.show_again(action, user)
    return []


def _hide_author(action: ReviewAction, user: Any) -> Left:
    author_acts.hide_again(action, user)
    return []


WAYS: dict[Kind, Callable[[ReviewAction, Any], Left]] = {
    Kind.REVIEW: _put_back,
    Kind.EDIT: _put_back,
    Kind.BOOKMARK: _put_back,
    Kind.TAG: _put_back,
    Kind.MERGE: _part,
    Kind.SPLIT: _rejoin,
    Kind.SNOOZE: _wake,
    Kind.READ: _never,
    Kind.TAG_MERGE: _tags,
    Kind.TAG_RENAME: _tags,
    Kind.TAG_ALIAS: _tags,
    Kind.TAG_REMOVAL: _tags,
    Kind.REMOVAL: _show_author,
    Kind.RESTORE: _hide_author,
}
