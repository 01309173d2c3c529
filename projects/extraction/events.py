"""The events of the extraction workflow: what each step takes and gives."""

from dataclasses import dataclass, field

from pydantic import ConfigDict
from workflows.events import Event, StartEvent, StopEvent

from core.http import OutsideError
from projects.duplicates import KnownProject, Match
from projects.extraction.schemas import CommentInput, ProjectDescription, Segment
from projects.pages.page_text import PageText


@dataclass
class Draft:
    """A project on its way through the workflow."""

    segment: Segment
    match: Match | None = None
    pages: list[PageText] = field(default_factory=list)


@dataclass
class FoundProject:
    """A project of a comment, described; ``match`` is what its own words are like. Embedded in the last step."""

    segment: Segment
    match: Match | None
    description: ProjectDescription
    vector: list[float] | None = None


@dataclass(frozen=True)
class LostProject:
    """A project of a comment that could not be described, and why."""

    segment: Segment
    error: OutsideError


class CommentReceived(StartEvent):
    """A comment to read, beside what is known of its author's projects."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    comment: CommentInput
    known: list[KnownProject]


class CommentJudged(Event):
    """The comment was split; ``drafts`` are the segments that are projects."""

    drafts: list[Draft]


class DuplicatesChecked(Event):
    """Each draft knows the earlier project that it continues, if there is one."""

    drafts: list[Draft]


class PagesFetched(Event):
    """Each draft has the pages that it links to, read or with their error."""

    drafts: list[Draft]


class ProjectsDescribed(Event):
    """The drafts became projects with descriptions, but for those that could not be described."""

    projects: list[FoundProject]
    lost: list[LostProject]


class CommentRead(StopEvent):
    """All that came out: every segment, each project with description and embedding, and those that were lost."""

    segments: list[Segment]
    projects: list[FoundProject]
    lost: list[LostProject]
