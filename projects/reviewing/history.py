"""The one history of what people did: how an act is kept, and how many of them a person did."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Sum
from django.utils import timezone

from projects.models import Project, ProjectMerge, ReviewAction, ReviewChange

Kind = ReviewAction.Kind
Place = ReviewAction.Place
# What an undo puts back beside the fields that the person changed.
NOTED = ("reviewer_id", "reviewed_at", "flag_reason", "canonical_url", "edited_fields")
Row = TypeVar("Row")
# What an undo left alone: a title or a name, and why.
Left = list[tuple[str, str]]
LONGEST_SUMMARY = 300
LOT = 1000
# What counts as work on projects: having one read again and putting one off do not, nor does what was done to tags.
WORK = (Kind.REVIEW, Kind.EDIT, Kind.BOOKMARK, Kind.TAG, Kind.MERGE, Kind.SPLIT)


@dataclass(frozen=True)
class Changed:
    """What an act changed of one project: the values of the changed fields and of NOTED, before and after."""

    project_id: int
    title: str
    before: dict[str, Any]
    after: dict[str, Any]


def record(
    user: Any,
    kind: Kind,
    place: Place,
    summary: str,
    *,
    changes: Iterable[Changed] = (),
    project_id: int | None = None,
    count: int | None = None,
    details: dict[str, Any] | None = None,
    merge: ProjectMerge | None = None,
) -> ReviewAction:
    """Keep an act of ``user`` (None: of a program) and return it. Call it in the transaction of the act.

    ``count`` is how many projects it was done to, where it is not that of ``changes``.
    """
    changes = list(changes)
    action = ReviewAction.objects.create(
        user=user,
        kind=kind,
        place=place,
        summary=shortened(summary),
        project_id=changes[0].project_id if len(changes) == 1 else project_id,
        count=len(changes) if count is None else count,
        details=details or {},
        merge=merge,
    )
    add_changes(action, changes)
    return action


def add_changes(action: ReviewAction, changes: Iterable[Changed]) -> None:
    """Keep what ``action`` changed of some more projects."""
    rows = (
        ReviewChange(
            action=action, project_id=row.project_id, title=row.title[:200], before=row.before, after=row.after
        )
        for row in changes
    )
    ReviewChange.objects.bulk_create(rows, batch_size=LOT)


def shortened(text: str) -> str:
    """Return ``text`` as a line that fits a summary."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_SUMMARY else f"{line[: LONGEST_SUMMARY - 1]}…"


def state(project: Project, names: Iterable[str]) -> dict[str, Any]:
    """Return the fields ``names`` and NOTED of ``project`` as JSON holds them; tags are sorted names."""
    names = list(names)
    found = {name: plain(project, name) for name in (*names, *NOTED) if name != "tags"}
    if "tags" in names:
        found["tags"] = sorted(project.tags.values_list("name", flat=True))
    return found


def tags_of(project_ids: Iterable[int]) -> dict[int, set[str]]:
    """Return the names of the tags of each of these projects."""
    found: dict[int, set[str]] = {pk: set() for pk in project_ids}
    links = Project.tags.through.objects.filter(project__in=found)
    for pk, name in links.values_list("project_id", "tag__name"):
        found[pk].add(name)
    return found


def update_alike(values: dict[int, dict[str, Any]]) -> None:
    """Set fields of projects by their ids, those that get the same values with one statement."""
    alike = defaultdict(list)
    for pk, fields in values.items():
        alike[repr(sorted(fields.items()))].append(pk)
    for projects in alike.values():
        Project.objects.filter(pk__in=projects).update(updated_at=timezone.now(), **values[projects[0]])


def plain(project: Project, name: str) -> Any:
    """Return a field of ``project`` as JSON holds it."""
    value = getattr(project, name)
    return value.isoformat() if isinstance(value, datetime) else value


def lots(rows: list[Row]) -> Iterator[list[Row]]:
    """Yield ``rows`` in parts of LOT."""
    for start in range(0, len(rows), LOT):
        yield rows[start : start + LOT]


def worked_on(user: Any, since: datetime) -> int:
    """Return on how many projects ``user`` worked since then, wherever that was, but for what was undone."""
    mine = ReviewAction.objects.filter(user=user, done_at__gte=since, undone_at=None, kind__in=WORK)
    return mine.aggregate(count=Sum("count"))["count"] or 0
