"""What goes into and comes out of an analyst: plain data, validated, no ORM."""

from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from projects.extraction.rejections import Rejection
from projects.pages.page_text import PageText

Score = Annotated[int, Field(ge=1, le=10)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
TagName = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=50)]


class CommentInput(BaseModel):
    """One comment as an analyst sees it.

    ``text`` is plain text (entities decoded, paragraphs separated by a blank line); ``links`` are the
    absolute http(s) URLs in it, in order, without repeats.
    """

    model_config = ConfigDict(frozen=True)

    comment_id: int
    author: str
    text: str
    links: tuple[str, ...] = ()


class Segment(BaseModel):
    """A stretch of a comment that speaks of one thing. ``rejection`` is None where that thing is a project."""

    model_config = ConfigDict(frozen=True)

    text: str
    rejection: Rejection | None = None
    reason: str = Field(default="", max_length=300, description="One sentence: why it was rejected, or what it is.")
    name: str = Field(default="", max_length=200, description="What its author calls it, where the analyst knows.")
    confidence: float = Field(default=1.0, ge=0, le=1, description="How sure the verdict is; below 0.5 is unsure.")

    @property
    def is_project(self) -> bool:
        """True when the segment describes a project."""
        return self.rejection is None


class ProjectDescription(BaseModel):
    """One project, described. Scores run from 1 (least) to 10 (most)."""

    model_config = ConfigDict(frozen=True)

    title: Line
    short_description: Line = Field(description="5 to 10 words.")
    description: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000)]
    tags: list[TagName] = Field(min_length=2, max_length=5, description="3 to 5; a model's answer may have 2.")
    primary_url: str = Field(default="", max_length=2000)
    urls: list[str] = Field(default_factory=list)
    url_summaries: dict[str, str] = Field(default_factory=dict)
    idea_score: Score
    idea_reason: str = Field(default="", max_length=500)
    complexity_score: Score
    complexity_reason: str = Field(default="", max_length=500)


class Analyst(Protocol):
    """Answers the two questions of a reading. Implementations: ``rules`` and ``language_model``."""

    name: str
    """Stored as ``created_by``: ``rules``, or the language model's name."""
    prompt_version: int
    """Raised whenever the answers to the same comment may change."""

    async def segment(self, comment: CommentInput) -> list[Segment]:
        """Split a comment into what it speaks of and judge each part. At least one segment comes back."""
        ...

    async def describe(self, segment: Segment, comment: CommentInput, pages: list[PageText]) -> ProjectDescription:
        """Describe the project of one segment for which ``is_project`` is true."""
        ...
