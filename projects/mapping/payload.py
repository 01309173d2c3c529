"""The map as one file of bytes, small enough to be sent whole: what a page draws its dots from.

::

    uint32   length of the header in bytes, little-endian
    bytes    the header: JSON in UTF-8, padded with spaces so that the arrays begin at a multiple of 4
    arrays   one after another, each with ``count`` numbers, little-endian, as ``arrays`` in the header lists them

The header has ``version``, ``count``, ``drawn_at`` (ISO 8601; null where nothing was drawn), ``waiting`` (projects that
came since then and get their place by the next drawing), ``months`` (2026-09, oldest first), ``sources`` (value and
label), ``tags`` (names), ``clusters`` (number, level, parent, name, terms, x, y, projects; the broad ones first, those
without a project left out) and ``arrays`` (name, type, and ``offset`` in bytes from the beginning of the file).

Coordinates are -32767 to 32767, y upwards. A number that nobody knows is 255 in an array of bytes, 65535 in one of two
bytes; of ``score`` it is 0.
"""

import json
import sys
from array import array
from collections import Counter
from typing import Any

from django.db.models import Count, F, Max

from projects.mapping.models import Cluster, Drawing
from projects.models import Project, ProjectQuerySet, Submission

VERSION = 1
FULL_SCALE = 32_767
NO_BYTE, NO_SHORT = 255, 65_535
# Months beyond these are not told: as many as a byte numbers.
MOST_MONTHS = 255
# Colours are for few tags, and names of tags would be most of a header.
MOST_TAGS = 500
# Names, and types as typed arrays of JavaScript and ``array`` call them, the widest first: each begins at a multiple of
# its width so.
ARRAYS = {
    "id": ("Uint32", "I"),
    "x": ("Int16", "h"),
    "y": ("Int16", "h"),
    "cluster": ("Uint16", "H"),
    "tag": ("Uint16", "H"),
    "month": ("Uint8", "B"),
    "source": ("Uint8", "B"),
    "score": ("Uint8", "B"),
}


def mapped() -> ProjectQuerySet:
    """Return the projects on the map that strangers may see. Staff see the same: the dots are the same for all."""
    return Project.objects.published().filter(dot__isnull=False)


def payload() -> bytes:
    """Return the newest drawing with what strangers may see of it now: made anew by each call, so keep it.

    Projects that are not published any more are left out; new ones wait for the next drawing, and are counted.
    """
    drawing = Drawing.objects.first()
    rows = list(
        mapped().order_by("pk").values_list("pk", "dot__x", "dot__y", "dot__cluster__number", "source", "idea_score")
    )
    months, month_of = _months()
    tags, tag_of = _tags()
    sources = {value: number for number, value in enumerate(Project.Source.values)}
    columns = {name: array(code) for name, (_, code) in ARRAYS.items()}
    for pk, x, y, cluster, source, score in rows:
        columns["id"].append(pk)
        columns["x"].append(round(x * FULL_SCALE))
        columns["y"].append(round(y * FULL_SCALE))
        columns["cluster"].append(NO_SHORT if cluster is None else cluster)
        columns["tag"].append(tag_of.get(pk, NO_SHORT))
        columns["month"].append(month_of.get(pk, NO_BYTE))
        columns["source"].append(sources.get(source, NO_BYTE))
        columns["score"].append(score or 0)
    header = {
        "version": VERSION,
        "count": len(rows),
        "drawn_at": drawing and drawing.drawn_at.isoformat(),
        "waiting": _waiting(drawing) if drawing else 0,
        "months": months,
        "sources": [{"value": value, "label": label} for value, label in Project.Source.choices],
        "tags": tags,
        "clusters": _clusters(Counter(columns["cluster"])),
    }
    return packed(header, columns)


def _waiting(drawing: Drawing) -> int:
    came_since = Project.objects.published().filter(dot=None)
    return came_since.filter(embedding_model=drawing.embedding_model).exclude(embedding=None).count()


def packed(header: dict[str, Any], columns: dict[str, "array[int]"]) -> bytes:
    """Return the file of a header and its arrays, which all have as many numbers."""
    arrays = [{"name": name, "type": ARRAYS[name][0], "offset": 0} for name in columns]
    # The offsets stand in the header whose length they depend on: room for them is left.
    room = len(_json(header | {"arrays": arrays})) + 10 * len(arrays)
    start = 4 + room + -room % 4
    offset = start
    for entry, column in zip(arrays, columns.values(), strict=True):
        entry["offset"] = offset
        offset += len(column) * column.itemsize
        if sys.byteorder == "big":
            column.byteswap()
    text = _json(header | {"arrays": arrays}).ljust(start - 4)
    return b"".join([(start - 4).to_bytes(4, "little"), text, *(column.tobytes() for column in columns.values())])


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _clusters(dots: Counter[int]) -> list[dict[str, Any]]:
    """Return the areas that have a project; ``dots`` has how many each fine one has, by its number."""
    rows = list(Cluster.objects.order_by("level", "-projects", "number").annotate(above=F("parent__number")))
    count = dots.copy()
    for row in rows:
        if row.above is not None:
            count[row.above] += dots[row.number]
    names = ("number", "level", "name", "terms")
    return [
        {name: getattr(row, name) for name in names}
        | {"projects": count[row.number], "parent": row.above, "x": round(row.x, 4), "y": round(row.y, 4)}
        for row in rows
        if count[row.number]
    ]


def _months() -> tuple[list[str], dict[int, int]]:
    """Return the months, and of each project the number of the newest in whose thread it was posted."""
    newest = (
        Submission.objects.visible()
        .order_by()
        .values_list("project")
        .annotate(month=Max(F("comment__post__year") * 100 + F("comment__post__month")))
    )
    of_project = dict(newest.filter(project__in=mapped()))
    there_are = sorted(set(of_project.values()))[-MOST_MONTHS:]
    number = {month: at for at, month in enumerate(there_are)}
    months = [f"{month // 100}-{month % 100:02}" for month in there_are]
    return months, {pk: number[month] for pk, month in of_project.items() if month in number}


def _tags() -> tuple[list[str], dict[int, int]]:
    """Return the tags that are used most, and of each project the number of that of its tags that is used most."""
    links = Project.tags.through.objects.filter(project__in=mapped())
    used = links.values_list("tag", "tag__name").annotate(times=Count("pk"))
    most = list(used.order_by("-times", "tag")[:MOST_TAGS])
    of_project: dict[int, int] = {}
    number = {tag: at for at, (tag, _, _) in enumerate(most)}
    pairs = links.filter(tag__in=number).values_list("project", "tag")
    for project, tag in pairs:
        of_project[project] = min(number[tag], of_project.get(project, NO_SHORT))
    # Those that are no project's most used one are named for nothing.
    needed = sorted(Counter(of_project.values()))
    again = {old: new for new, old in enumerate(needed)}
    return [most[old][1] for old in needed], {project: again[old] for project, old in of_project.items()}
