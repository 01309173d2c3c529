"""Keeps the embedding of a project that of its texts, also where a person wrote them."""

import asyncio
import logging
from functools import partial
from typing import Any

from django.db import transaction

from core import event_loop
from core.http import OutsideError
from projects.language.embeddings import get_embedder
from projects.models import Project

logger = logging.getLogger(__name__)

# The fields that are embedded.
TEXTS = frozenset({"title", "short_description", "description"})
# A person waits for the page that comes after an edit.
SECONDS = 10.0


def embedding_text(project: Any) -> str:
    """Return the text that stands for a project (a description or a row) in the embedding space."""
    return f"{project.title}. {project.short_description}. {project.description}"


def embed_anew(project_id: int) -> None:
    """Drop the embedding of a project whose texts changed, and make it anew as soon as the transaction is committed.

    Where the service does not answer it stays without one, so that nothing is compared with texts that are gone, and
    ``reembed`` makes it later.
    """
    Project.objects.filter(pk=project_id).update(embedding=None, embedding_model="")
    transaction.on_commit(partial(_embed, project_id))


def write_embedding(project: Project, vector: list[float], model: str) -> int:
    """Store a vector where the project's texts are still those that were embedded; return how many rows that are."""
    texts = {name: getattr(project, name) for name in TEXTS}
    return Project.objects.filter(pk=project.pk, **texts).update(embedding=vector, embedding_model=model)


def _embed(project_id: int) -> None:
    project = Project.objects.filter(pk=project_id).only("id", *TEXTS).first()
    if project is None:
        return
    embedder = get_embedder()

    async def embed() -> list[list[float]]:
        async with asyncio.timeout(SECONDS):
            return await embedder.embed([embedding_text(project)])

    try:
        [vector] = event_loop.run(embed())
    except (OutsideError, TimeoutError) as error:
        logger.warning(
            "project %s has no embedding until manage.py reembed makes it: %s", project_id, error or f"over {SECONDS} s"
        )
        return
    write_embedding(project, vector, embedder.name)
