"""The acts of a person on tags, each kept in the history, and how each is undone."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from core.locks import lock_until_commit
from core.text import counted
from projects import tags
from projects.models import Project, ReviewAction, Tag, TagAlias
from projects.reviewing.history import Kind, Left, Place, record
from projects.tags import LOCK, TagError


def merge(kept: Tag, absorbed: QuerySet[Tag], user: Any) -> ReviewAction:
    """Make the tags ``absorbed`` part of ``kept``. Raises TagError where one is gone."""
    with transaction.atomic():
        lock_until_commit(LOCK)
        gone = _snapshot(absorbed.exclude(pk=kept.pk))
        had = _projects_of(kept.pk)
        count = tags.merge(kept, absorbed)
        names = ", ".join(f"“{row['name']}”" for row in gone)
        details = {"kept": kept.pk, "gone": gone, "had": sorted(had.intersection(_all_projects(gone)))}
        return record(user, Kind.TAG_MERGE, Place.TAGS, f"Merged {names} into “{kept}”", count=count, details=details)


def rename(tag: Tag, name: str, user: Any) -> tuple[Tag, ReviewAction | None]:
    """Give ``tag`` another name; return the tag that has it, and the act, None where it had that name. Raises TagError.

    A name that another tag has makes the two one.
    """
    name = tags.checked(name)
    with transaction.atomic():
        lock_until_commit(LOCK)
        old = Tag.objects.filter(pk=tag.pk).values_list("name", flat=True).first()
        if old is None:
            raise TagError(f"The tag “{tag}” is gone: somebody merged or removed it.")
        other = Tag.objects.filter(name=name).exclude(pk=tag.pk).first()
        if other is not None:
            return other, merge(other, Tag.objects.filter(pk=tag.pk), user)
        if name == old:
            return tag, None
        was_alias = TagAlias.objects.filter(name=name, tag=tag).exists()
        renamed = tags.rename(tag, name)
        count = Project.tags.through.objects.filter(tag=tag).count()
        details = {"tag": tag.pk, "before": old, "after": name, "was_alias": was_alias}
        summary = f"Renamed “{old}” to “{name}”"
        return renamed, record(user, Kind.TAG_RENAME, Place.TAGS, summary, count=count, details=details)


def add_alias(tag: Tag, name: str, user: Any) -> ReviewAction:
    """Let ``name`` stand for ``tag``; a tag of that name becomes part of it. Raises TagError."""
    name = tags.checked(name)
    with transaction.atomic():
        lock_until_commit(LOCK)
        namesake = Tag.objects.filter(name=name).exclude(pk=tag.pk)
        if namesake.exists():
            return merge(tag, namesake, user)
        tags.add_alias(tag, name)
        details = {"tag": tag.pk, "alias": name}
        return record(user, Kind.TAG_ALIAS, Place.TAGS, f"“{name}” stands for “{tag}” now", count=0, details=details)


def remove_alias(alias: TagAlias, user: Any) -> ReviewAction:
    """Let a name stand for its tag no more."""
    with transaction.atomic():
        lock_until_commit(LOCK)
        details = {"tag": alias.tag_id, "alias": alias.name}
        summary = f"“{alias.name}” stands for “{alias.tag}” no more"
        TagAlias.objects.filter(pk=alias.pk).delete()
        return record(user, Kind.TAG_REMOVAL, Place.TAGS, summary, count=0, details=details)


def remove(wanted: QuerySet[Tag], user: Any) -> ReviewAction | None:
    """Remove tags, from their projects too; return the act, None where there was none of them."""
    with transaction.atomic():
        lock_until_commit(LOCK)
        gone = _snapshot(wanted)
        if not gone:
            return None
        Tag.objects.filter(pk__in=[row["id"] for row in gone]).delete()
        what = f"the tag “{gone[0]['name']}”" if len(gone) == 1 else counted(len(gone), "tag")
        projects = _all_projects(gone)
        Project.objects.filter(pk__in=projects).update(updated_at=timezone.now())
        summary = f"Removed {what}" + (f" from {counted(len(projects), 'project')}" if projects else "")
        return record(user, Kind.TAG_REMOVAL, Place.TAGS, summary, count=len(projects), details={"gone": gone})


def undo(action: ReviewAction) -> Left:
    """Take an act on tags back; return what was left alone. Raises TagError where nothing of it can be taken back."""
    lock_until_commit(LOCK)
    details = action.details
    if "gone" in details:
        return _bring_back(details)
    if action.kind == ReviewAction.Kind.TAG_RENAME:
        return _rename_back(details)
    if action.kind == ReviewAction.Kind.TAG_ALIAS:
        if not TagAlias.objects.filter(name=details["alias"], tag=details["tag"]).delete()[0]:
            raise TagError(f"“{details['alias']}” is no alias of that tag any more.")
        return []
    return _alias_back(details)


def _alias_back(details: dict[str, Any]) -> Left:
    tag, name = Tag.objects.filter(pk=details["tag"]).first(), details["alias"]
    if tag is None:
        raise TagError("The tag that it stood for is gone: it was merged or removed.")
    if TagAlias.objects.filter(name=name).exists() or Tag.objects.filter(name=name).exists():
        raise TagError(f"“{name}” is a tag, or another name of one, by now.")
    TagAlias.objects.create(name=name, tag=tag)
    return []


def _rename_back(details: dict[str, Any]) -> Left:
    tag = Tag.objects.select_for_update().filter(pk=details["tag"]).first()
    if tag is None:
        raise TagError(f"The tag “{details['after']}” is gone: it was merged or removed.")
    if tag.name != details["after"]:
        raise TagError(f"The tag “{details['after']}” was renamed again: it is “{tag}” now.")
    alias = TagAlias.objects.filter(name=details["before"]).first()
    if Tag.objects.filter(name=details["before"]).exists() or (alias is not None and alias.tag_id != tag.pk):
        raise TagError(f"“{details['before']}” is another tag, or another name of one, by now.")
    if alias is not None:
        alias.delete()
    tag.name = details["before"]
    tag.save(update_fields=["name"])
    if details["was_alias"]:
        TagAlias.objects.get_or_create(name=details["after"], defaults={"tag": tag})
    return []


def _bring_back(details: dict[str, Any]) -> Left:
    """Make tags anew that were merged or removed, on the projects that had them."""
    kept = None
    if "kept" in details:
        kept = Tag.objects.select_for_update().filter(pk=details["kept"]).first()
        if kept is None:
            raise TagError("The tag that they were merged into is gone: it was merged or removed itself.")
    left: Left = []
    free = _without_taken(details["gone"], kept, left)
    if not free:
        raise TagError(f"{left[0][0]}: {left[0][1]}")
    wanted = _all_projects(free)
    # Who took the merged tag from a project meant the name that was merged too.
    there = set(Project.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    fit = there if kept is None else there & _projects_of(kept.pk)
    _leave(left, wanted - there, "gone: merged into another one, or removed")
    _leave(left, there - fit, "somebody took the tag away since")
    _restore(free, fit, kept)
    if kept is not None:
        others = _all_projects([row for row in details["gone"] if row not in free])
        gained = fit - set(details["had"]) - others
        Project.tags.through.objects.filter(tag=kept, project__in=gained).delete()
    Project.objects.filter(pk__in=fit).update(updated_at=timezone.now())
    return left


def _without_taken(gone: list[dict[str, Any]], kept: Tag | None, left: Left) -> list[dict[str, Any]]:
    """Return the tags of ``gone`` whose names are free, and say of the others why they are not."""
    free = []
    for row in gone:
        alias = TagAlias.objects.filter(name=row["name"]).select_related("tag").first()
        if Tag.objects.filter(name=row["name"]).exists():
            left.append((f"The tag “{row['name']}”", "there is a tag of that name again"))
        elif alias is not None and (kept is None or alias.tag_id != kept.pk):
            left.append((f"The tag “{row['name']}”", f"that name stands for “{alias.tag}” by now"))
        else:
            free.append(row)
    return free


def _restore(rows: list[dict[str, Any]], fit: set[int], kept: Tag | None) -> None:
    through = Project.tags.through
    TagAlias.objects.filter(name__in=[row["name"] for row in rows]).delete()
    for row in rows:
        tag = Tag.objects.create(pk=row["id"], name=row["name"])
        links = [through(project_id=pk, tag=tag) for pk in row["projects"] if pk in fit]
        through.objects.bulk_create(links, ignore_conflicts=True, batch_size=1000)
        if kept is not None:
            TagAlias.objects.filter(name__in=row["aliases"], tag=kept).update(tag=tag)
        else:
            aliases = [TagAlias(name=name, tag=tag) for name in row["aliases"]]
            TagAlias.objects.bulk_create(aliases, ignore_conflicts=True)


def _leave(left: Left, projects: set[int], why: str) -> None:
    if projects:
        left.append((counted(len(projects), "project"), why))


def _snapshot(wanted: QuerySet[Tag]) -> list[dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {
        tag.pk: {"id": tag.pk, "name": tag.name, "aliases": [alias.name for alias in tag.aliases.all()], "projects": []}
        for tag in wanted.order_by("name").prefetch_related("aliases")
    }
    links = Project.tags.through.objects.filter(tag__in=rows).order_by("project_id")
    for pk, project in links.values_list("tag_id", "project_id"):
        rows[pk]["projects"].append(project)
    return list(rows.values())


def _projects_of(tag_id: int) -> set[int]:
    return set(Project.tags.through.objects.filter(tag=tag_id).values_list("project_id", flat=True))


def _all_projects(rows: Iterable[dict[str, Any]]) -> set[int]:
    return {pk for row in rows for pk in row["projects"]}
