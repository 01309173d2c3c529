"""Moves the index to another embedding model, a batch at a time."""

import time
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

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
    total, done = _left(embedder).count(), 0
    last = 0
    while rows := list(_left(embedder).filter(pk__gt=last).order_by("pk")[:batch]):
        last = rows[-1].pk
        texts = [embedding_text(row) for row in rows]
        vectors = _embed(embedder, texts, sleep)
        done += _write(rows, vectors, embedder)
        progress("projects embedded", done, max(total, done))
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


def _left(embedder: Embedder) -> QuerySet[Project]:
    rows = Project.objects.exclude(embedding_model=embedder.name)
    return rows.only("id", *TEXTS)


def _embed(embedder: Embedder, texts: list[str], sleep: Callable[[float], None]) -> list[list[float]]:
    for number in range(1, TRIES + 1):
        try:
            return event_loop.run(embedder.embed(texts))
        except OutsideError as error:
            if error.permanent or number == TRIES:
                raise
            sleep(min(error.retry_after or FIRST_PAUSE * 2 ** (number - 1), LONGEST_PAUSE))
    raise AssertionError("the last try returns or raises")


def _write(rows: list[Project], vectors: list[list[float]], embedder: Embedder) -> int:
    """Write the vectors whose texts are still the same; another reading embeds the others itself."""
    with transaction.atomic():
        pairs = zip(rows, vectors, strict=True)
        return sum(write_embedding(row, vector, embedder.name) for row, vector in pairs)
