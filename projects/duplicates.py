"""Finds the earlier project that a text continues: the same author's, by URL or by likeness."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from projects.links import identity
from projects.models import Project, Submission


@dataclass(frozen=True)
class KnownProject:
    """What a match needs to know of an earlier project. ``vector`` has unit length; None when it was not embedded."""

    id: int
    canonical_url: str
    vector: Sequence[float] | None
    embedding_model: str = ""


@dataclass(frozen=True)
class Match:
    """An earlier project and the cosine similarity to it, None when only the URL was compared."""

    project_id: int
    similarity: float | None
    by_url: bool


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the cosine similarity of two vectors of unit length; 0 where the dimensions differ."""
    if len(one) != len(other):
        return 0.0
    return sum(a * b for a, b in zip(one, other, strict=True))


def find_match(
    url: str,
    vector: Sequence[float] | None,
    known: Iterable[KnownProject],
    *,
    embedding_model: str = "",
    threshold: float | None = None,
) -> Match | None:
    """Return the known project that is the same one, or None.

    The same primary ``url`` decides, unless it is one of many projects (``identity``); else the most similar one at or
    above ``threshold`` (``DEDUP_SIMILARITY_THRESHOLD`` by default). Vectors of different models are never compared.
    """
    threshold = settings.DEDUP_SIMILARITY_THRESHOLD if threshold is None else threshold
    wanted = identity(url)
    best: Match | None = None
    for project in known:
        similarity = None
        if vector is not None and project.vector is not None and project.embedding_model == embedding_model:
            similarity = cosine(vector, project.vector)
        by_url = bool(wanted) and project.canonical_url == wanted
        if not by_url and (similarity is None or similarity < threshold):
            continue
        match = Match(project.id, similarity, by_url)
        if best is None or (match.by_url, match.similarity or 0) > (best.by_url, best.similarity or 0):
            best = match
    return best


def known_projects(author: str, source: str) -> list[KnownProject]:
    """Return what is known of the projects of ``author`` on ``source``, oldest first; nobody's for an empty name.

    An author is a name on one source: the same name on another may be anybody.
    """
    if not author:
        return []
    theirs = Submission.objects.filter(comment__author=author, comment__source=source)
    return known_of(theirs.exclude(project__source=Project.Source.NEMO_DATA_DESIGNER).order_by().values_list(*KNOWN))


# What is known of a submission's project.
KNOWN = ("project_id", "project__canonical_url", "project__embedding", "project__embedding_model")


def known_of(rows: Iterable[Sequence[Any]]) -> list[KnownProject]:
    """Return the projects of submissions, of which ``rows`` have the columns ``KNOWN``; each once, oldest first."""
    by_id = {row[0]: row for row in rows}
    return [KnownProject(*by_id[pk]) for pk in sorted(by_id)]
