"""Puts back what an act changed of projects, but for those that somebody changed since then."""

from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from core.times import written
from projects.embedding import TEXTS, embed_anew
from projects.links import link_kind
from projects.models import Project, ProjectMerge, ReviewAction, ReviewChange
from projects.reviewing.fields import ReviewConflict
from projects.reviewing.history import LOT, NOTED, Left, counted, lots, plain, shortened
from projects.tags import lookup

TIMES = ("reviewed_at",)


def put_back(action: ReviewAction) -> Left:
    """Put back what ``action`` changed and return what was left alone. Raises ReviewConflict where that is all of it.

    Call it in a transaction: projects are locked until its end.
    """
    changes, left = list(action.changes.order_by("project_id")), []
    users = _accounts(changes)
    for lot in lots(changes):
        left += _put_lot_back(lot, action, users)
    if changes and len(left) == len(changes):
        others = f", and so for {counted(len(left) - 1, 'other project')}" if len(left) > 1 else ""
        raise ReviewConflict(f"“{left[0].title}” was changed since then: {left[0].left}{others}")
    ReviewChange.objects.bulk_update(left, ["left"], batch_size=LOT)
    return [(f"“{change.title}”", change.left) for change in left]


def _accounts(changes: list[ReviewChange]) -> set[int | None]:
    """Return which of the earlier reviewers there still are; None, for nobody, is one of them."""
    wanted = {change.before.get("reviewer_id") for change in changes} - {None}
    return {None, *get_user_model().objects.filter(pk__in=wanted).values_list("pk", flat=True)}


def _put_lot_back(changes: list[ReviewChange], action: ReviewAction, users: set[int | None]) -> list[ReviewChange]:
    """Put back what is as it was left, and return the others with the reason."""
    rows = Project.objects.filter(pk__in=[change.project_id for change in changes]).order_by("pk")
    projects = {row.pk: row for row in rows.defer("embedding", "search_vector").select_for_update(of=("self",))}
    left, restored, names = [], [], {"updated_at"}
    for change in changes:
        project = projects.get(change.project_id)
        change.left = _why_left(project, change, action)
        if project is None or change.left:
            left.append(change)
        else:
            names |= _restore(project, change, users)
            restored.append(project)
    if restored:
        Project.objects.bulk_update(restored, sorted(names))
    if names & TEXTS:
        for project in restored:
            embed_anew(project.pk)
    return left


def _restore(project: Project, change: ReviewChange, users: set[int | None]) -> set[str]:
    """Set on ``project``, but for its tags without saving it, what it was before; return the names of the fields."""
    before, after = change.before, change.after
    for name in before.keys() - {"tags", "edited_fields"}:
        # What follows from a change may have followed from another one since.
        if name not in NOTED or plain(project, name) == after[name]:
            value = before[name]
            setattr(project, name, parse_datetime(value) if name in TIMES and value else value)
    if project.reviewer_id not in users:
        project.reviewer_id = None
    gained = set(after.get("edited_fields", ())) - set(before.get("edited_fields", ()))
    if "tags" in before and not _restore_tags(project, before["tags"], after["tags"]):
        gained.discard("tags")
    project.edited_fields = sorted(set(project.edited_fields) - gained)
    project.updated_at = timezone.now()
    project.link_kind = link_kind(project.primary_url)
    return {*before, "link_kind"} - {"tags"}


def _restore_tags(project: Project, before: list[str], after: list[str]) -> bool:
    """Take what was added to the tags and put back what was taken; tell whether they were as they had been left."""
    now = set(project.tags.values_list("name", flat=True))
    project.tags.remove(*lookup(set(after) - set(before)))
    project.tags.add(*lookup(set(before) - set(after)))
    return now == set(after)


def _why_left(project: Project | None, change: ReviewChange, action: ReviewAction) -> str:
    """Return why an undo leaves a project alone; empty where it does not."""
    if project is None:
        merge = ProjectMerge.objects.filter(absorbed_id=change.project_id, undone_at=None).select_related("kept")
        return shortened(f"it was merged into “{found.kept.title}”" if (found := merge.first()) else "it was removed")
    own = {name for name in change.before if name not in NOTED and name != "tags"}
    # Two people may have come to the same status: when it was reviewed tells whose it is.
    guarded = own | ({"reviewed_at"} if "review_status" in own else set())
    if all(plain(project, name) == change.after[name] for name in guarded):
        return ""
    since = ReviewChange.objects.filter(
        project_id=project.pk, action__pk__gt=action.pk, action__undone_at=None, before__has_any_keys=sorted(own)
    )
    later = since.select_related("action__user").order_by("-action__pk").first()
    if later is None:
        return "it is another one now"
    who = later.action.user.get_username() if later.action.user else "a program"
    return shortened(f"{who}, {written(later.action.done_at)}: {later.action}")
