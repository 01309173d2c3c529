"""Writes what a reading found: updates in place what is there, keeps what a person touched."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from comments.models import Comment
from core.locks import lock_until_commit
from projects.duplicates import KnownProject, Match, find_match, known_projects
from projects.embedding import embed_anew, embedding_text
from projects.extraction.schemas import Analyst
from projects.language.embeddings import Embedder
from projects.links import canonical_url, identity
from projects.models import Page, Project, Submission
from projects.reviewing.splitting import is_split_off, kept_apart, set_seen
from projects.tags import resolve

if TYPE_CHECKING:
    from projects.extraction.events import FoundProject

# What a reading writes as it is described; tags and links are added to those that there are.
WRITTEN = {
    *("title", "short_description", "description", "primary_url"),
    *("idea_score", "idea_reason", "complexity_score", "complexity_reason"),
}
NO_LONGER_FOUND = "A later reading of its comment no longer finds it."


@dataclass
class Saved:
    """The projects of a comment, in order, and how many of them had been posted before."""

    project_ids: list[int] = field(default_factory=list)
    duplicates_linked: int = 0


def save_projects(
    comment: Comment, projects: "list[FoundProject]", analyst: Analyst, embedder: Embedder, *, is_whole: bool = True
) -> Saved:
    """Replace what the comment's last reading found with ``projects``. Call it inside a transaction.

    Where not all could be described (``is_whole`` false) the others of the last reading stay: the lost one may be
    among them.

    Readings of one author's comments are saved one after another (advisory lock), so that two workers cannot both
    make a row of one project. A project that was found before keeps its id, its review and what a person edited.
    """
    lock_until_commit(f"author {comment.author} on {comment.source}")
    earlier = set(comment.submissions.values_list("project_id", flat=True))
    apart = kept_apart(comment)
    known = [project for project in known_projects(comment.author, comment.source) if project.id not in apart]
    saved = Saved()
    for found in projects:
        taken = [project for project in known if project.id in saved.project_ids]
        if find_match(found.description.primary_url, None, taken):
            continue  # Two segments of one comment about one project.
        match = continued(found, [project for project in known if project not in taken], embedder)
        position = len(saved.project_ids)
        project = (
            _update(match, comment, found, analyst, embedder) if match else _create(comment, found, analyst, embedder)
        )
        if match is None:
            known.append(KnownProject(project.pk, project.canonical_url, found.vector, embedder.name))
        elif match.project_id not in earlier or project.submissions.exclude(comment=comment).exists():
            saved.duplicates_linked += 1
        _submit(project, comment, found, position, match)
        saved.project_ids.append(project.pk)
    # Locked, so that a review which is being saved at this moment is seen before anything is deleted.
    gone = earlier - set(saved.project_ids) if is_whole else set()
    for project in Project.objects.select_for_update().filter(pk__in=gone).order_by("pk"):
        _let_go(project, comment)
    return saved


def continued(found: "FoundProject", known: list[KnownProject], embedder: Embedder) -> Match | None:
    """Return which of the ``known`` projects of its author a found one continues; None where it is a new one."""
    url = found.description.primary_url
    match = find_match(url, found.vector, known, embedding_model=embedder.name)
    if match or found.match is None or identity(url):
        return match
    # Without an address of its own the comment's own words decide, which the description may have lost.
    return found.match if any(project.id == found.match.project_id for project in known) else None


def _create(comment: Comment, found: "FoundProject", analyst: Analyst, embedder: Embedder) -> Project:
    project = Project(
        first_seen_at=comment.posted_at,
        last_seen_at=comment.posted_at,
        source=comment.source if comment.source in Project.Source.values else Project.Source.HACKER_NEWS,
        created_by=analyst.name,
        confidence=found.segment.confidence,
        **found.description.model_dump(include=WRITTEN),
    )
    _link(project, found)
    _embed(project, found, embedder)
    project.save()
    project.tags.set(resolve(found.description.tags))
    project.pages.set(_pages(project))
    return project


def _update(match: Match, comment: Comment, found: "FoundProject", analyst: Analyst, embedder: Embedder) -> Project:
    project = Project.objects.select_for_update().get(pk=match.project_id)
    elsewhere = project.submissions.exclude(comment=comment).exists()
    edited = set(project.edited_fields)
    if not elsewhere:
        # This comment is all that is known of it: its new reading replaces the old one.
        for name, value in found.description.model_dump(include=WRITTEN).items():
            if name not in edited:
                setattr(project, name, value)
        project.created_by = analyst.name
        project.confidence = found.segment.confidence
        project.first_seen_at = project.last_seen_at = comment.posted_at
        if "urls" not in edited:
            project.urls, project.url_summaries = [], {}
        if "tags" not in edited:
            project.tags.clear()
        _embed(project, found, embedder)
    else:
        project.first_seen_at = min(project.first_seen_at, comment.posted_at)
        project.last_seen_at = max(project.last_seen_at, comment.posted_at)
    _link(project, found, edited)
    if project.flag_reason == NO_LONGER_FOUND:
        project.flag_reason = ""
    project.save()
    if not elsewhere and embedding_text(project) != embedding_text(found.description):
        embed_anew(project.pk)  # Its vector is that of the machine's texts, some of which a person replaced.
    if "tags" not in edited:
        project.tags.add(*resolve(found.description.tags))
    project.pages.set(_pages(project))
    return project


def _link(project: Project, found: "FoundProject", edited: frozenset[str] | set[str] = frozenset()) -> None:
    """Add the found project's links to the project, each once, but for the fields that a person edited."""
    if "urls" not in edited:
        project.urls = list(dict.fromkeys([*project.urls, *found.description.urls]))
        project.url_summaries = project.url_summaries | found.description.url_summaries
    if "primary_url" not in edited:
        project.primary_url = project.primary_url or found.description.primary_url
    project.canonical_url = canonical_url(project.primary_url)


def _embed(project: Project, found: "FoundProject", embedder: Embedder) -> None:
    project.embedding = found.vector
    project.embedding_model = embedder.name if found.vector is not None else ""


def _pages(project: Project) -> list[Page]:
    return list(Page.objects.filter(url__in=project.urls))


def _submit(project: Project, comment: Comment, found: "FoundProject", position: int, match: Match | None) -> None:
    Submission.objects.update_or_create(
        project=project,
        comment=comment,
        defaults={"text": found.segment.text, "position": position},
        create_defaults={
            "text": found.segment.text,
            "position": position,
            # The same address counts as the same project, whatever the texts.
            "similarity": None if match is None else (match.similarity if match.similarity is not None else 1.0),
        },
    )


def _let_go(project: Project, comment: Comment) -> None:
    """Part a project from a comment that no longer mentions it; keep and flag what a person touched."""
    if project.submissions.exclude(comment=comment).exists():
        comment.submissions.filter(project=project).delete()
        set_seen(project)
    elif project.is_touched_by_a_person or project.edited_fields or is_split_off(project):
        project.flag_reason = NO_LONGER_FOUND
        project.save(update_fields=["flag_reason", "updated_at"])
    else:
        project.delete()
