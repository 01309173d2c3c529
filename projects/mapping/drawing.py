"""Draws the map anew: reads the embeddings, has them laid out, names the areas, and puts all of it in at once."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import BinaryField, Func, IntegerField
from django.utils import timezone

from core.locks import try_lock
from core.progress import Progress, no_progress
from projects.language.embedding_index import dimensions_of
from projects.language.embeddings import get_embedder
from projects.mapping import model_names
from projects.mapping.keeping import numbers, same_areas
from projects.mapping.layout_process import Drawn, draw
from projects.mapping.models import Cluster, Dot, Drawing
from projects.mapping.naming import Told, distinctive_terms, name_of
from projects.models import Project, ProjectQuerySet

LOCK = "draw map"
CHUNK = 1_000
BY_WORDS = "words"
# A vector as PostgreSQL sends it: two numbers of two bytes, then floats of four.
VECTOR_HEAD = 4


@dataclass
class _Area:
    """An area of the new drawing, before it is stored."""

    level: int
    members: list[int]
    """Where its projects stand in the order of the drawing."""
    terms: list[str]
    number: int
    before: Cluster | None
    name: str = ""
    named_by: str = BY_WORDS
    parent: "_Area | None" = None


@dataclass
class _Read:
    """What was read of the projects that are drawn, in the order in which they were."""

    ids: list[int] = field(default_factory=list)
    before: list[int | None] = field(default_factory=list)
    """The cluster of the drawing before."""
    were_there: int = 0


def draw_map(progress: Progress = no_progress) -> dict[str, Any]:
    """Draw all published projects that the model in use has embedded. One drawing at a time; call it outside a
    transaction. Until the new one is whole the old one stays.

    Returns ``{"status": "success", "projects", "clusters", "named_by_model", "median_moved", "method", "seconds",
    "peak_megabytes"}``, or ``{"status": "skipped", "reason"}`` while another process draws. Raises DrawingFailed.
    """
    with try_lock(LOCK) as is_ours:
        if not is_ours:
            return {"status": "skipped", "reason": "Another drawing is under way."}
        return _draw(progress)


def _draw(progress: Progress) -> dict[str, Any]:
    started = time.monotonic()
    last = Drawing.objects.first()
    rows = _drawable()
    dimensions = dimensions_of(rows) or 1
    read = _Read()
    # Another model's space has nothing to do with the places of before: the new drawing is only turned to fit them.
    same_space = last is not None and last.embedding_model == get_embedder().name
    unit = last.parameters.get("unit") if last is not None and same_space else None
    drawn = draw(_records(rows, dimensions, read, progress), dimensions, unit, progress)
    areas = _named(read.ids, drawn, read.before, progress)
    progress("saving", 0, 1)
    drawing = Drawing(
        drawn_at=timezone.now(),
        projects=len(read.ids),
        clusters=len(areas),
        seconds=round(time.monotonic() - started, 1),
        embedding_model=get_embedder().name,
        method=drawn.method,
        parameters=drawn.parameters | {"dimensions": dimensions, "new": len(read.ids) - read.were_there},
        median_moved=drawn.median_moved,
    )
    _save(drawing, read.ids, drawn, areas)
    return {
        "status": "success",
        "projects": drawing.projects,
        "clusters": drawing.clusters,
        "named_by_model": sum(area.named_by != BY_WORDS for area in areas),
        "median_moved": drawing.median_moved,
        "method": drawing.method,
        "seconds": drawing.seconds,
        "peak_megabytes": drawn.peak_megabytes,
    }


def _drawable() -> ProjectQuerySet:
    return Project.objects.published().filter(embedding_model=get_embedder().name).exclude(embedding=None)


def _records(
    rows: ProjectQuerySet, dimensions: int, read: _Read, progress: Progress
) -> Iterator[tuple[bytes, tuple[float, float] | None]]:
    """Yield the embedding and the last place of each project, and note it in ``read``."""
    sent = Func("embedding", function="vector_send", output_field=BinaryField())
    of_one_size = rows.alias(size=Func("embedding", function="vector_dims", output_field=IntegerField())).filter(
        size=dimensions
    )
    total = of_one_size.count()
    values = of_one_size.order_by("pk").values_list("pk", sent, "dot__x", "dot__y", "dot__cluster")
    for pk, vector, x, y, cluster in values.iterator(chunk_size=CHUNK):
        read.ids.append(pk)
        read.before.append(cluster)
        read.were_there += x is not None
        if len(read.ids) % CHUNK == 0:
            progress("embeddings", len(read.ids), total)
        yield bytes(vector)[VECTOR_HEAD:], None if x is None else (x, y)


def _named(ids: Sequence[int], drawn: Drawn, before: Sequence[int | None], progress: Progress) -> list[_Area]:
    """Return the areas of both levels, the broad ones first, with their numbers and names."""
    progress("names", 0, 1)
    told = _told(ids)
    old = {cluster.pk: cluster for cluster in Cluster.objects.all()}
    broad_of = {pk: cluster.parent_id for pk, cluster in old.items()}
    fine = drawn.fine
    broad = [drawn.broad[label] if label >= 0 and drawn.broad else -1 for label in fine]
    before_broad = [None if pk is None else broad_of[pk] for pk in before]
    levels = [(Cluster.BROAD, broad, before_broad), (Cluster.FINE, fine, before)]
    areas: list[_Area] = []
    for level, now, earlier in levels:
        terms = distinctive_terms(told, now)
        kept = {area: old[pk] for area, pk in same_areas(now, earlier).items()}
        areas += [
            _Area(level, [at for at, area in enumerate(now) if area == label], terms[label], -1, kept.get(label))
            for label in sorted(terms)
        ]
    for number, area in zip(_numbers(areas), areas, strict=True):
        area.number = number
    broad_areas = [area for area in areas if area.level == Cluster.BROAD]
    for area in areas:
        if area.level == Cluster.FINE and broad_areas:
            area.parent = broad_areas[broad[area.members[0]]]
    _name(areas, told, progress)
    return areas


def _numbers(areas: Sequence[_Area]) -> list[int]:
    kept = {at: area.before.number for at, area in enumerate(areas) if area.before}
    given = numbers(range(len(areas)), kept)
    return [given[at] for at in range(len(areas))]


def _name(areas: Sequence[_Area], told: Sequence[Told], progress: Progress) -> None:
    """Name each area: as before where it is the same and still speaks of that, by the model where there is one."""
    by_model = model_names.is_configured()
    for area in areas:
        same = area.before is not None and bool(set(area.before.terms) & set(area.terms))
        if area.before and same and (area.before.named_by != BY_WORDS or not by_model):
            area.name, area.named_by = area.before.name, area.before.named_by
    unnamed = sorted((area for area in areas if not area.name), key=lambda area: (area.level, -len(area.members)))
    if by_model and unnamed:
        questions = [
            model_names.Question(
                at, area.terms, [_titled(told[one]) for one in area.members[: model_names.MOST_TITLES]]
            )
            for at, area in enumerate(unnamed)
        ]
        from_model = model_names.model_names(questions, progress)
        for at, area in enumerate(unnamed):
            # The larger of two areas that it calls alike keeps that name.
            if at in from_model and from_model[at] not in _taken(area, areas):
                area.name, area.named_by = from_model[at], settings.LLM_MODEL[:200]
    for area in unnamed:
        if not area.name:
            area.name = name_of(area.terms, _taken(area, areas)) or f"Area {area.number}"


def _taken(area: _Area, areas: Sequence[_Area]) -> set[str]:
    return {other.name for other in areas if other.level == area.level}


def _titled(told: Told) -> str:
    return f"{told.title}: {told.short_description}"


def _told(ids: Sequence[int]) -> list[Told]:
    tags: dict[int, list[str]] = {}
    through = Project.tags.through.objects.filter(project__in=ids)
    for pk, name in through.order_by("pk").values_list("project", "tag__name"):
        tags.setdefault(pk, []).append(name)
    texts = {
        pk: (title, short)
        for pk, title, short in Project.objects.filter(pk__in=ids).values_list("pk", "title", "short_description")
    }
    # One that was removed meanwhile tells nothing.
    return [Told(*texts.get(pk, ("", "")), tags.get(pk, ())) for pk in ids]


def _save(drawing: Drawing, ids: Sequence[int], drawn: Drawn, areas: Sequence[_Area]) -> None:
    """Put the drawing in the place of the one before, in one transaction."""
    places = drawn.places
    with transaction.atomic():
        Dot.objects.all().delete()
        Cluster.objects.all().delete()
        drawing.save()
        stored: dict[int, Cluster] = {}
        for area in areas:
            stored[area.number] = Cluster.objects.create(
                drawing=drawing,
                number=area.number,
                level=area.level,
                parent=stored[area.parent.number] if area.parent else None,
                name=area.name,
                named_by=area.named_by,
                terms=area.terms,
                x=median(places[at][0] for at in area.members),
                y=median(places[at][1] for at in area.members),
                projects=len(area.members),
            )
        cluster_of = {at: stored[area.number].pk for area in areas if area.level == Cluster.FINE for at in area.members}
        with connection.cursor() as cursor:
            # Those that were removed meanwhile are left out, and none can be until this is committed.
            cursor.execute(
                "INSERT INTO projects_dot (project_id, x, y, cluster_id) SELECT p.id, d.x, d.y, d.cluster "
                "FROM unnest(%s::bigint[], %s::float8[], %s::float8[], %s::bigint[]) AS d (id, x, y, cluster) "
                "JOIN projects_project p USING (id) FOR KEY SHARE OF p",
                [
                    list(ids),
                    [x for x, _ in places],
                    [y for _, y in places],
                    [cluster_of.get(at) for at in range(len(ids))],
                ],
            )
