"""Keeps tags in order: other names for one, two made one, those that nothing has removed."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.utils import timezone

from core.locks import Lock, lock_until_commit
from projects.models import Project, Tag, TagAlias

# Holds off who changes tags while projects get some.
LOCK = "tags"
IN_USE = Lock(LOCK, shared=True)


class TagError(Exception):
    """The tags cannot be changed so; the message is one line."""


def resolve(names: Iterable[str]) -> list[Tag]:
    """Return the tags that ``names`` stand for, each once: an alias stands for its tag, an unknown name is made one.

    Call it inside a transaction, before the tags are written to a project: it keeps them from being merged meanwhile.
    """
    lock_until_commit(LOCK, shared=True)
    return list(Tag.objects.filter(pk__in=ids_of(names).values()))


def ids_of(names: Iterable[str]) -> dict[str, int]:
    """Return the ids of the tags that ``names`` stand for, as of ``resolve``, by the names as ``tidy`` writes them.

    For who holds ``IN_USE``, in the transaction in which they are written to projects.
    """
    wanted = list(dict.fromkeys(filter(None, map(tidy, names))))
    found = _known(wanted)
    if missing := [name for name in wanted if name not in found]:
        # In one order, so that two who make the same ones do not wait for each other.
        Tag.objects.bulk_create([Tag(name=name) for name in sorted(missing)], ignore_conflicts=True)
        found |= _known(missing)
    return found


def _known(names: list[str]) -> dict[str, int]:
    aliases = TagAlias.objects.filter(name__in=names).order_by().values_list("name", "tag_id", Value(1))
    tags = Tag.objects.filter(name__in=names).order_by().values_list("name", "pk", Value(0))
    # An alias counts, where a tag has its name as well.
    return {name: pk for name, pk, _ in sorted(tags.union(aliases, all=True), key=lambda row: row[2])}


def lookup(names: Iterable[str]) -> QuerySet[Tag]:
    """Return those of the tags that ``names`` stand for that there are."""
    return Tag.objects.filter(Q(name__in=names) | Q(aliases__name__in=names)).distinct()


def tidy(name: str) -> str:
    """Return ``name`` as a tag is written: lower case, single spaces, no ends, no comma."""
    return " ".join(name.lower().replace(",", " ").split())


def rename(tag: Tag, name: str) -> Tag:
    """Give ``tag`` another name and return the tag that has it; its old name becomes an alias.

    A name that another tag has makes the two one. Raises TagError for an empty or too long name.
    """
    name = checked(name)
    with transaction.atomic():
        lock_until_commit(LOCK)
        tag = _locked(tag)
        other = Tag.objects.filter(name=name).exclude(pk=tag.pk).first()
        if other is not None:
            merge(other, Tag.objects.filter(pk=tag.pk))
            return other
        if name != tag.name:
            _refuse_alias_of_another(tag, name)
            TagAlias.objects.filter(name=name).delete()
            old, tag.name = tag.name, name
            tag.save(update_fields=["name"])
            TagAlias.objects.update_or_create(name=old, defaults={"tag": tag})
    return tag


def merge(kept: Tag, absorbed: QuerySet[Tag]) -> int:
    """Make the tags ``absorbed`` part of ``kept``: their projects get it, their names become its aliases.

    Returns how many projects had one of them.
    """
    with transaction.atomic():
        lock_until_commit(LOCK)
        kept = _locked(kept)
        gone = list(absorbed.exclude(pk=kept.pk))
        through = Project.tags.through
        links = through.objects.filter(tag__in=gone)
        projects = set(links.values_list("project_id", flat=True))
        through.objects.bulk_create(
            [through(project_id=project, tag=kept) for project in projects], ignore_conflicts=True, batch_size=1000
        )
        links.delete()
        TagAlias.objects.filter(tag__in=gone).update(tag=kept)
        # An alias and a tag of one name may stand beside each other: a tag that was merged before and came back.
        TagAlias.objects.bulk_create(
            [TagAlias(name=tag.name, tag=kept) for tag in gone],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=["tag"],
        )
        TagAlias.objects.filter(name=kept.name).delete()
        Tag.objects.filter(pk__in=[tag.pk for tag in gone]).delete()
        # So that an open review page sees that its project is another one now.
        Project.objects.filter(pk__in=projects).update(updated_at=timezone.now())
    return len(projects)


def add_alias(tag: Tag, name: str) -> Tag:
    """Let ``name`` stand for ``tag`` from now on; a tag of that name becomes part of ``tag``. Raises TagError."""
    name = checked(name)
    with transaction.atomic():
        lock_until_commit(LOCK)
        tag = _locked(tag)
        if name == tag.name:
            raise TagError(f"“{name}” is the tag's own name.")
        _refuse_alias_of_another(tag, name)
        namesake = Tag.objects.filter(name=name)
        if namesake.exists():
            merge(tag, namesake)
        else:
            TagAlias.objects.get_or_create(name=name, defaults={"tag": tag})
    return tag


def unused() -> QuerySet[Tag]:
    """Return the tags that no project has and no alias leads to."""
    used = Tag.projects.through.objects.filter(tag=OuterRef("pk"))
    return Tag.objects.filter(~Exists(used), ~Exists(TagAlias.objects.filter(tag=OuterRef("pk"))))


def _refuse_alias_of_another(tag: Tag, name: str) -> None:
    alias = TagAlias.objects.filter(name=name).exclude(tag=tag).select_related("tag").first()
    if alias is not None:
        raise TagError(f"“{name}” is an alias of “{alias.tag}” already: remove it there first.")


def checked(name: str) -> str:
    """Return ``name`` as a tag is written. Raises TagError for one that is empty or too long then."""
    name = tidy(name)
    try:
        Tag._meta.get_field("name").clean(name, None)
    except ValidationError as error:
        raise TagError(f"“{name[:60]}” is not a name for a tag: {' '.join(error.messages)}") from None
    return name


def _locked(tag: Tag) -> Tag:
    found = Tag.objects.select_for_update().filter(pk=tag.pk).first()
    if found is None:
        raise TagError(f"The tag “{tag}” is gone: somebody merged or removed it.")
    return found
