"""Writes what a reading found: updates in place what is there, keeps what a person touched."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from comments.models import Comment
from core.locks import Lock
from projects.duplicates import KNOWN, KnownProject, Match, find_match, known_of
from projects.embedding import embed_anew, embedding_text
from projects.extraction.schemas import Analyst
from projects.language.embeddings import Embedder
from projects.links import canonical_url, identity
from projects.models import Page, Project, Submission
from projects.reviewing.splitting import is_split_off, set_seen
from projects.tags import IN_USE, ids_of, tidy

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


@dataclass(frozen=True)
class _Placed:
    """A found project beside its row, which is saved already where it continues a ``match``."""

    found: "FoundProject"
    project: Project
    match: Match | None


def locks_for(comment: Comment) -> list[Lock]:
    """Return what ``save_projects`` wants held: readings of one author's comments are saved one after another, so that
    two workers cannot both make a row of one project; and no tag is merged into another meanwhile."""
    return [Lock(f"author {comment.author} on {comment.source}"), IN_USE]


def save_projects(
    comment: Comment, projects: "list[FoundProject]", analyst: Analyst, embedder: Embedder, *, is_whole: bool = True
) -> Saved:
    """Replace what the comment's last reading found with ``projects``. Call it inside a transaction that holds
    ``locks_for`` the comment.

    Where not all could be described (``is_whole`` false) the others of the last reading stay: the lost one may be
    among them. A project that was found before keeps its id, its review and what a person edited.
    """
    free, earlier = _before(comment)
    taken: list[KnownProject] = []
    saved, placed = Saved(), []
    for found in projects:
        if find_match(found.description.primary_url, None, taken):
            continue  # Two segments of one comment about one project.
        match = continued(found, free, embedder)
        if match is None:
            project = _new(comment, found, analyst, embedder)
            taken.append(KnownProject(0, project.canonical_url, found.vector, embedder.name))
        else:
            project, is_elsewhere = _update(match, comment, found, analyst, embedder)
            taken += [one for one in free if one.id == match.project_id]
            free = [one for one in free if one.id != match.project_id]
            saved.duplicates_linked += match.project_id not in earlier or is_elsewhere
        placed.append(_Placed(found, project, match))
    Project.objects.bulk_create([each.project for each in placed if each.match is None])
    saved.project_ids = [each.project.pk for each in placed]
    if placed:
        _tag(placed)
        _link_pages(placed)
        _submit(placed, comment)
    if is_whole and (gone := earlier.difference(saved.project_ids)):
        # Locked, so that a review which is being saved at this moment is seen before anything is deleted.
        for project in Project.objects.select_for_update().filter(pk__in=gone).order_by("pk"):
            _let_go(project, comment)
    return saved


def _before(comment: Comment) -> tuple[list[KnownProject], set[int]]:
    """Return what the projects of a comment may continue, and the ids of those that its last reading found.

    What may be continued are its author's projects, but for those that a person said this comment's are not.
    """
    author = {"comment__author": comment.author, "comment__source": comment.source}
    theirs = Submission.objects.filter(**author) if comment.author else Submission.objects.filter(comment=comment)
    rows = list(theirs.order_by().values_list("comment_id", "split_off_from_id", "project__source", *KNOWN))
    of_this = [(project, split_off_from) for in_, split_off_from, _, project, *_ in rows if in_ == comment.pk]
    earlier = {project for project, _ in of_this}
    apart = {split_off_from for _, split_off_from in of_this} - earlier
    if not comment.author:
        return [], earlier
    posted = [known for _, _, source, *known in rows if source != Project.Source.NEMO_DATA_DESIGNER]
    return known_of(known for known in posted if known[0] not in apart), earlier


def continued(found: "FoundProject", known: list[KnownProject], embedder: Embedder) -> Match | None:
    """Return which of the ``known`` projects of its author a found one continues; None where it is a new one."""
    url = found.description.primary_url
    match = find_match(url, found.vector, known, embedding_model=embedder.name)
    if match or found.match is None or identity(url):
        return match
    # Without an address of its own the comment's own words decide, which the description may have lost.
    return found.match if any(project.id == found.match.project_id for project in known) else None


def _new(comment: Comment, found: "FoundProject", analyst: Analyst, embedder: Embedder) -> Project:
    """Return a row, not yet saved, for a project that was not there."""
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
    return project


def _update(
    match: Match, comment: Comment, found: "FoundProject", analyst: Analyst, embedder: Embedder
) -> tuple[Project, bool]:
    """Save what a reading found anew of a project; return it, and whether another comment is about it as well."""
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
    return project, elsewhere


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


def _tag(placed: list[_Placed]) -> None:
    """Add the tags of the found projects to those whose tags no person edited."""
    free = [each for each in placed if "tags" not in each.project.edited_fields]
    given = [(each.project.pk, name) for each in free for name in map(tidy, each.found.description.tags) if name]
    tags, through = ids_of(name for _, name in given), Project.tags.through
    # Two names may stand for one tag.
    wanted = dict.fromkeys((pk, tags[name]) for pk, name in given)
    through.objects.bulk_create([through(project_id=pk, tag_id=tag) for pk, tag in wanted], ignore_conflicts=True)


def _link_pages(placed: list[_Placed]) -> None:
    """Link the projects with the pages that were fetched of their links, and with no others."""
    urls = {url for each in placed for url in each.project.urls}
    pages = dict(Page.objects.filter(url__in=urls).order_by().values_list("url", "pk")) if urls else {}
    through = Project.pages.through
    wanted = {(each.project.pk, pages[url]) for each in placed for url in each.project.urls if url in pages}
    if continuing := [each.project.pk for each in placed if each.match]:
        linked = through.objects.filter(project__in=continuing)
        gone = [pk for pk, *pair in linked.values_list("pk", "project_id", "page_id") if tuple(pair) not in wanted]
        if gone:
            through.objects.filter(pk__in=gone).delete()
    if wanted:
        rows = [through(project_id=project, page_id=page) for project, page in sorted(wanted)]
        through.objects.bulk_create(rows, ignore_conflicts=True)


def _submit(placed: list[_Placed], comment: Comment) -> None:
    """Write that the projects are in the comment; what was said of their likeness at first stays."""
    rows = [
        Submission(
            project=each.project,
            comment=comment,
            text=each.found.segment.text,
            position=position,
            # The same address counts as the same project, whatever the texts.
            similarity=None if each.match is None else 1.0 if each.match.similarity is None else each.match.similarity,
        )
        for position, each in enumerate(placed)
    ]
    Submission.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["project", "comment"], update_fields=["text", "position"]
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
