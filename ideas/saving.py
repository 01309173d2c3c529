"""From a finished row to a saved project, or to the reason why not."""

import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import Truncator

from core import event_loop
from core.locks import lock_until_commit
from core.text import storable
from ideas.asking import Wish
from ideas.models import Idea, IdeaRun
from ideas.pipeline import Record
from projects.embedding import embedding_text
from projects.language.embeddings import Embedder
from projects.language.tokens import sentences
from projects.models import Project
from projects.search.meaning import like
from projects.tags import resolve

MOST_TAGS, FEWEST_TAGS, TAG_LENGTH = 5, 3, 50
SHORTEST_PROSE = 80  # characters; two paragraphs of an idea have hundreds
LONGEST_TEXT = 5_000
NEAREST = 3
# A small model that lost its thread says the same sentences over and over.
FEWEST_SENTENCES, LEAST_DIFFERENT = 8, 0.5
# It may also repeat the line that fenced its question (prompts.fenced).
MARK = re.compile(r"(?m)^\W*data-[0-9a-f]{16}\W*$\n?")
# What a model says that fills the form and not the field.
PLACEHOLDER = re.compile(r"(?i)^(untitled|title|string|project|project (name|title|idea)|n/?a|none|null|todo|\W*)$")


class NotAnIdea(ValueError):
    """The row cannot be saved, and asking again for the same would not help; the message says why."""


@dataclass(frozen=True)
class NearCopy(Exception):
    """The idea is there already; another is worth asking for."""

    title: str
    similarity: float

    def __str__(self) -> str:
        return f"too like {self.title!r} (similarity {self.similarity:.2f})"


def save_idea(run: IdeaRun, wish: Wish, record: Record, embedder: Embedder) -> Project:
    """Save a row as a pending project with its lineage and return it.

    Raises NotAnIdea for a row that does not hold together, and NearCopy for one that is as similar as
    ``IDEA_SIMILARITY_THRESHOLD`` to any project, rejected ones and other ideas too, or bears the title of one. Runs
    save one after another (advisory lock), so that two of them cannot both save one idea.
    """
    project = Project(**_checked(record), source=Project.Source.NEMO_DATA_DESIGNER, created_by=run.language_model)
    tags = _tags(wish, record)
    [vector] = event_loop.run(embedder.embed([embedding_text(project)]))
    project.embedding, project.embedding_model = vector, embedder.name
    project.first_seen_at = project.last_seen_at = timezone.now()
    with transaction.atomic():
        lock_until_commit("ideas")
        _refuse_copies(project)
        nearest = _most_similar(project, Project.objects.not_rejected().posted(), NEAREST)
        project.save()
        project.tags.set(resolve(tags))
        Idea.objects.create(
            project=project,
            run=run,
            primary_tag=record.primary_tag,
            secondary_tags=list(record.secondary_tags),
            audience=record.audience,
            target_complexity=record.target_complexity,
            prose=_text(record.prose),
            nearest=[{"project_id": other.pk, "similarity": similarity} for other, similarity in nearest],
        )
    return project


def _refuse_copies(project: Project) -> None:
    same_title = Project.objects.filter(title__iexact=project.title).values_list("title", flat=True).first()
    if same_title:
        raise NearCopy(same_title, 1.0)
    for other, similarity in _most_similar(project, Project.objects.all(), 1):
        if similarity >= settings.IDEA_SIMILARITY_THRESHOLD:
            raise NearCopy(other.title, similarity)


def _most_similar(project: Project, among: QuerySet[Project], count: int) -> list[tuple[Project, float]]:
    """Return the projects of ``among`` that are most like ``project``, with their cosine similarity."""
    found = like(among.only("id", "title"), project.embedding, project.embedding_model, count)
    return [(other, round(other.similarity, 4)) for other in found]


def _checked(record: Record) -> dict[str, Any]:
    """Return the fields of the project; texts are cleaned and cut, what is missing raises NotAnIdea."""
    title = " ".join(_text(record.title).strip("\"'`*#_ ").split())
    prose = _text(record.prose)
    if PLACEHOLDER.match(title):
        raise NotAnIdea(f"title={record.title[:60]!r} is not a title.")
    if len(prose) < SHORTEST_PROSE:
        raise NotAnIdea(f"{title[:60]!r}: the idea has {len(prose)} characters, which say nothing.")
    said = [sentence.casefold() for sentence in sentences(prose)]
    if len(said) >= FEWEST_SENTENCES and len(set(said)) < LEAST_DIFFERENT * len(said):
        raise NotAnIdea(f"{title[:60]!r}: the idea says {len(set(said))} things in {len(said)} sentences.")
    description = _text(record.description)
    if PLACEHOLDER.match(description):
        raise NotAnIdea(f"{title[:60]!r} has no description.")
    return {
        "title": Truncator(title).chars(100),
        "short_description": Truncator(" ".join(_text(record.short_description).split())).chars(200),
        "description": Truncator(description).chars(LONGEST_TEXT),
        "idea_score": _score("idea_score", record.idea_score),
        "idea_reason": Truncator(_text(record.idea_reason)).chars(500),
        "complexity_score": _score("complexity_score", record.complexity_score),
        "complexity_reason": Truncator(_text(record.complexity_reason)).chars(500),
    }


def _text(text: str) -> str:
    return MARK.sub("", storable(text)).strip()


def _score(name: str, value: Any) -> int:
    try:
        score = int(value)
    except (TypeError, ValueError, OverflowError):
        score = 0
    if not 1 <= score <= 10:
        raise NotAnIdea(f"{name}={str(value)[:20]!r} is invalid: it expects 1 to 10.")
    return score


def _tags(wish: Wish, record: Record) -> list[str]:
    """Return the seed tags that the idea combines, the model's own, and of those drawn as many as make three."""
    own = (" ".join(storable(tag).lower().lstrip("#").split()) for tag in record.hashtags if isinstance(tag, str))
    drawn = (record.primary_tag, *record.secondary_tags)
    seeds = [tag for tag in drawn if tag in wish.seed_tags]
    names = list(dict.fromkeys([*seeds, *(name for name in own if 0 < len(name) <= TAG_LENGTH)]))
    names = names[: max(MOST_TAGS, len(seeds))]
    for name in drawn:
        if len(names) < FEWEST_TAGS and name not in names:
            names.append(name)
    return names
