"""Puts back what an act changed of projects, but for those that somebody changed since then."""

from collections import defaultdict
from typing import Any

from django.contrib.auth import get_user_model
from django.utils.dateparse import parse_datetime

from core.locks import lock_until_commit
from core.text import counted
from core.times import written
from projects.embedding import TEXTS, embed_anew
from projects.links import link_kind
from projects.models import Project, ProjectMerge, ReviewAction, ReviewChange
from projects.reviewing.fields import ReviewConflict
from projects.reviewing.history import LOT, NOTED, Left, lots, plain, shortened, tags_of, update_alike
from projects.tags import LOCK, lookup

TIMES = {"reviewed_at"}


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
    held = tags_of(change.project_id for change in changes if "tags" in change.before)
    left, restored = [], {}
    for change in changes:
        project = projects.get(change.project_id)
        change.left = _why_left(project, change, action)
        if project is None or change.left:
            left.append(change)
        else:
            restored[project.pk] = _restored(project, change, users, held.get(project.pk))
    update_alike(restored)
    for pk, values in restored.items():
        if values.keys() & TEXTS:
            embed_anew(pk)
    _restore_tags([change for change in changes if change.project_id in held and not change.left])
    return left


def _restored(project: Project, change: ReviewChange, users: set[int | None], tags: set[str] | None) -> dict[str, Any]:
    """Return the fields of ``project`` that an undo sets, with their values.

    ``tags`` are those that it has now, None where the act did not change them.
    """
    before, after = change.before, change.after
    # What follows from a change may have followed from another one since.
    names = {name for name in before if name not in NOTED or plain(project, name) == after[name]}
    values = {name: before[name] for name in names - {"tags", "edited_fields"}}
    for name in values.keys() & TIMES:
        values[name] = values[name] and parse_datetime(values[name])
    if values.get("reviewer_id") not in users:
        values["reviewer_id"] = None
    gained = set(after.get("edited_fields", ())) - set(before.get("edited_fields", ()))
    if tags is not None and tags != set(after["tags"]):
        gained.discard("tags")  # Somebody changed them since then: they stay a person's.
    if gained:
        values["edited_fields"] = sorted(set(project.edited_fields) - gained)
    if "primary_url" in values:
        values["link_kind"] = link_kind(values["primary_url"])
    return values


def _restore_tags(changes: list[ReviewChange]) -> None:
    """Take from projects what was added to their tags and put back what was taken: the same of many at once."""
    if not changes:
        return
    # So that no tag is merged meanwhile.
    lock_until_commit(LOCK, shared=True)
    alike: dict[tuple[frozenset[str], frozenset[str]], list[int]] = defaultdict(list)
    for change in changes:
        before, after = frozenset(change.before["tags"]), frozenset(change.after["tags"])
        alike[after - before, before - after].append(change.project_id)
    through = Project.tags.through
    for (added, taken), projects in alike.items():
        through.objects.filter(project__in=projects, tag__in=lookup(added).values("pk")).delete()
        links = [through(project_id=pk, tag=tag) for tag in lookup(taken) for pk in projects]
        through.objects.bulk_create(links, ignore_conflicts=True, batch_size=LOT)


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
