"""Embeds projects a batch at a time: those that have no embedding, or all of them by another model."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from comments.due_threads import check_limit
from core import event_loop
from core.http import OutsideError
from core.progress import Progress, no_progress
from projects.embedding import TEXTS, embedding_text, write_embedding
from projects.language.embedding_index import drop_other_indexes, ensure_index
from projects.language.embeddings import Embedder
from projects.models import Project

BATCH = 256
TRIES = 4
FIRST_PAUSE = 2.0  # seconds; doubled with every try
LONGEST_PAUSE = 120.0


def reembed(
    embedder: Embedder,
    progress: Progress = no_progress,
    *,
    batch: int = BATCH,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Embed every project that ``embedder`` has not embedded yet, and make its HNSW index. Call it outside a
    transaction.

    A row that is done bears the model's name, so a run that dies is gone on with by the next one. Rows are written
    a batch at a time, only where their texts are still those that were embedded; search works all the while. When
    all are done the indexes of other models are dropped. ``sleep`` waits between the tries of a request.

    Returns ``{"status", "model", "dimensions", "embedded", "index"}``. Raises OutsideError when a batch still fails
    after 4 tries, or at once where trying again cannot help; what was done stays.
    """
    done = _embed_rows(_left(embedder), embedder, progress, batch=batch, sleep=sleep)
    dimensions = embedder.dimensions
    indexed = ensure_index(embedder.name, dimensions) if dimensions else False
    if not _left(embedder).exists():
        drop_other_indexes(embedder.name)
    return {
        "status": "success",
        "model": embedder.name,
        "dimensions": dimensions,
        "embedded": done,
        "index": "hnsw" if indexed else "none",
    }


def generate_embeddings(
    embedder: Embedder,
    project_ids: Iterable[int] | None = None,
    limit: int | None = None,
    progress: Progress = no_progress,
    *,
    tries: int = TRIES,
) -> dict[str, Any]:
    """Embed the projects of ``project_ids`` anew, or without ids those that ``embedder`` has not embedded yet.

    ``limit`` is how many at most, the oldest first; ``tries`` how often a request is made that may pass. The index
    stays as it is: ``reembed`` moves it to another model. What was done stays when a later batch fails.

    Returns ``{"status", "model", "embedded", "left"}``; ``left`` counts the projects of the whole index that
    ``embedder`` has not embedded. Raises ValueError for a limit below 1 and for ids that no project has, and
    OutsideError when the service does not answer.
    """
    check_limit("limit", limit)
    rows = _left(embedder)
    if project_ids is not None:
        wanted = set(project_ids)
        rows = Project.objects.filter(pk__in=wanted).only("id", *TEXTS)
        if missing := wanted.difference(rows.values_list("pk", flat=True)):
            raise ValueError(f"There is no project {', '.join(map(str, sorted(missing)))}.")
    done = _embed_rows(rows, embedder, progress, limit=limit, tries=tries)
    return {"status": "success", "model": embedder.name, "embedded": done, "left": _left(embedder).count()}


def _left(embedder: Embedder) -> QuerySet[Project]:
    rows = Project.objects.exclude(embedding_model=embedder.name)
    return rows.only("id", *TEXTS)


def _embed_rows(
    rows: QuerySet[Project],
    embedder: Embedder,
    progress: Progress,
    *,
    batch: int = BATCH,
    limit: int | None = None,
    tries: int = TRIES,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Embed the first ``limit`` (all) of the rows, a batch at a time; return how many were written."""
    total = rows.count() if limit is None else min(limit, rows.count())
    done = last = looked_at = 0
    while found := list(
        rows.filter(pk__gt=last).order_by("pk")[: batch if limit is None else min(batch, limit - looked_at)]
    ):
        last = found[-1].pk
        looked_at += len(found)
        vectors = _embed(embedder, [embedding_text(row) for row in found], tries, sleep)
        done += _write(found, vectors, embedder)
        progress("projects embedded", done, max(total, done))
    return done


def _embed(embedder: Embedder, texts: list[str], tries: int, sleep: Callable[[float], None]) -> list[list[float]]:
    for number in range(1, tries + 1):
        try:
            return event_loop.run(embedder.embed(texts))
        except OutsideError as error:
            if error.permanent or number == tries:
                raise
            sleep(min(error.retry_after or FIRST_PAUSE * 2 ** (number - 1), LONGEST_PAUSE))
    raise AssertionError("the last try returns or raises")


def _write(rows: list[Project], vectors: list[list[float]], embedder: Embedder) -> int:
    """Write the vectors whose texts are still the same; another reading embeds the others itself."""
    with transaction.atomic():
        pairs = zip(rows, vectors, strict=True)
        return sum(write_embedding(row, vector, embedder.name) for row, vector in pairs)
