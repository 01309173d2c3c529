"""The workflow that reads one comment. It knows no database: its collaborators are handed in."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from workflows import Workflow, step

from core.http import OutsideError
from core.progress import Progress, no_progress
from projects.duplicates import KnownProject, find_match
from projects.embedding import embedding_text
from projects.extraction.around import without_others
from projects.extraction.engine import engine
from projects.extraction.events import (
    CommentJudged,
    CommentRead,
    CommentReceived,
    Draft,
    DuplicatesChecked,
    FoundProject,
    LostProject,
    PagesFetched,
    ProjectsDescribed,
)
from projects.extraction.schemas import Analyst, CommentInput, Segment
from projects.extraction.steps import tell
from projects.language.embeddings import Embedder
from projects.pages.page_text import PageText

PAGES_PER_PROJECT = 5

FetchPages = Callable[[list[str]], Awaitable[list[PageText]]]


def timed(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Note the step's name, seconds and outcome in ``self.steps``, also when it fails; tell that it begins."""

    @wraps(method)
    async def run(self: "ExtractionWorkflow", ev: Any) -> Any:
        entry = {"step": method.__name__, "seconds": 0.0, "outcome": "started"}
        self.steps.append(entry)
        tell(self.progress, method.__name__)
        started = time.perf_counter()
        try:
            result = await method(self, ev)
        except BaseException as error:
            entry["outcome"] = f"failed: {type(error).__name__}"
            raise
        else:
            entry["outcome"] = self.outcome
            return result
        finally:
            entry["seconds"] = round(time.perf_counter() - started, 4)

    return run


class ExtractionWorkflow(Workflow):
    """Segment and judge, check for duplicates, fetch pages, describe, embed.

    One instance serves one run: ``steps`` holds what each step did, also after a failure.
    """

    def __init__(
        self,
        analyst: Analyst,
        embedder: Embedder,
        fetch_pages: FetchPages,
        *,
        timeout: float,
        progress: Progress = no_progress,
    ):
        super().__init__(timeout=timeout, runtime=engine())
        self.progress = progress
        self.analyst = analyst
        self.embedder = embedder
        self.fetch_pages = fetch_pages
        self.steps: list[dict[str, Any]] = []
        self.outcome = ""
        self.comment: CommentInput
        self.known: list[KnownProject] = []
        self.segments: list[Segment] = []

    @step
    @timed
    async def segment_and_judge(self, ev: CommentReceived) -> CommentJudged:
        """Find out which projects are in the comment, and what in it is none."""
        self.comment, self.known = ev.comment, ev.known
        self.segments = await self.analyst.segment(ev.comment)
        drafts = [Draft(segment) for segment in self.segments if segment.is_project]
        self.outcome = f"{len(drafts)} of {len(self.segments)} segments are projects"
        return CommentJudged(drafts=drafts)

    @step
    @timed
    async def check_duplicates(self, ev: CommentJudged) -> DuplicatesChecked:
        """Match each draft with the earlier projects of the same author."""
        if ev.drafts and self.known:
            vectors = await self.embedder.embed([draft.segment.text for draft in ev.drafts])
            for draft, vector in zip(ev.drafts, vectors, strict=True):
                # By likeness alone: which of its links is its own is not known yet.
                draft.match = find_match("", vector, self.known, embedding_model=self.embedder.name)
        self.outcome = f"{sum(draft.match is not None for draft in ev.drafts)} seen before"
        return DuplicatesChecked(drafts=ev.drafts)

    @step
    @timed
    async def fetch_linked_pages(self, ev: DuplicatesChecked) -> PagesFetched:
        """Fetch what the drafts link to. A page that fails costs its project the summary and nothing else."""
        wanted = [self._links_of(draft, len(ev.drafts)) for draft in ev.drafts]
        # All at once: one project's busy host takes no other's time.
        fetched = {page.url: page for page in await self.fetch_pages([url for links in wanted for url in links])}
        for draft, links in zip(ev.drafts, wanted, strict=True):
            draft.pages = [fetched[url] for url in links if url in fetched]
        pages = [page for draft in ev.drafts for page in draft.pages]
        self.outcome = f"{sum(not page.error for page in pages)} of {len(pages)} pages read"
        return PagesFetched(drafts=ev.drafts)

    def _links_of(self, draft: Draft, drafts: int) -> list[str]:
        links = [url for url in self.comment.links if url in draft.segment.text]
        if not links and drafts == 1:
            links = list(self.comment.links)
        return links[:PAGES_PER_PROJECT]

    @step
    @timed
    async def describe_projects(self, ev: PagesFetched) -> ProjectsDescribed:
        """Have each draft described: title, texts, tags, URLs and scores.

        One that cannot be is lost, and costs itself alone; where all are lost the first one's error is raised, and
        one that may pass is raised at once, since another try can still have all of them.
        """

        async def describe(draft: Draft) -> FoundProject | LostProject:
            readable = [page for page in draft.pages if not page.error]
            others = [other.segment for other in ev.drafts if other is not draft]
            comment = without_others(self.comment, draft.segment, others)
            try:
                description = await self.analyst.describe(draft.segment, comment, readable)
            except OutsideError as error:
                if not error.permanent:
                    raise
                return LostProject(draft.segment, error)
            return FoundProject(draft.segment, draft.match, description)

        ends = await asyncio.gather(*(describe(draft) for draft in ev.drafts))
        projects = [end for end in ends if isinstance(end, FoundProject)]
        lost = [end for end in ends if isinstance(end, LostProject)]
        if lost and not projects:
            raise lost[0].error
        self.outcome = f"{len(projects)} described" + (f", {len(lost)} lost" if lost else "")
        return ProjectsDescribed(projects=projects, lost=lost)

    @step
    @timed
    async def embed_projects(self, ev: ProjectsDescribed) -> CommentRead:
        """Embed the descriptions, all in one call."""
        if ev.projects:
            texts = [embedding_text(project.description) for project in ev.projects]
            for project, vector in zip(ev.projects, await self.embedder.embed(texts), strict=True):
                project.vector = vector
        self.outcome = f"{len(ev.projects)} embedded by {self.embedder.name}"
        return CommentRead(segments=self.segments, projects=ev.projects, lost=ev.lost)
