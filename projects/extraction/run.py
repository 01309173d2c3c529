"""One run of the workflow over one text, whoever asks for it and whatever becomes of what it found."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings

from comments.models import Comment
from comments.text import links, plain_text, without_quotations
from core import event_loop
from core.http import Unavailable
from core.progress import Progress, no_progress
from projects.duplicates import KnownProject
from projects.extraction.schemas import Analyst, CommentInput, Segment
from projects.language.embeddings import Embedder
from projects.language.metering import Usage, metering

if TYPE_CHECKING:
    from projects.extraction.workflow import FetchPages

NOTHING: AbstractContextManager[Any] = nullcontext()


class TooSlow(Unavailable):
    """The workflow had no time left: pages, model and embeddings together took too long. It may pass."""


@dataclass
class Run:
    """What an analyst does with one text. ``usage``, ``steps`` and ``segments`` tell of it, also where it failed."""

    analyst: Analyst
    embedder: Embedder
    progress: Progress = no_progress
    usage: Usage = field(default_factory=Usage)
    steps: list[dict[str, Any]] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)

    def read(
        self,
        received: CommentInput,
        known: list[KnownProject],
        fetch: "FetchPages",
        *,
        within: AbstractContextManager[Any] = NOTHING,
    ) -> Any:
        """Run the workflow and return its ``CommentRead``.

        ``known`` are the author's earlier projects; all of it runs ``within`` a context. Raises TooSlow after
        READING_SECONDS, and what the workflow raises.
        """
        from workflows.errors import WorkflowTimeoutError

        from projects.extraction.events import CommentReceived
        from projects.extraction.workflow import ExtractionWorkflow

        limit = settings.READING_SECONDS
        workflow = ExtractionWorkflow(self.analyst, self.embedder, fetch, timeout=limit, progress=self.progress)

        async def run() -> Any:
            with metering(self.usage), within:
                return await workflow.run(start_event=CommentReceived(comment=received, known=known))

        try:
            return event_loop.run(run())
        except WorkflowTimeoutError:
            under_way = workflow.steps[-1]["step"] if workflow.steps else "start"
            raise TooSlow(f"The comment was not read within {limit} s; it stood at {under_way}.") from None
        finally:
            self.steps, self.segments = workflow.steps, workflow.segments

    @property
    def segments_as_json(self) -> list[dict[str, Any]]:
        """What was kept and what was dropped, and why."""
        return [segment.model_dump(mode="json") for segment in self.segments]

    @property
    def confidence(self) -> float | None:
        """How sure its least sure verdict is; None where there is none."""
        return min((segment.confidence for segment in self.segments), default=None)


def comment_input(comment: Comment) -> CommentInput:
    """Return a comment as an analyst sees it: in plain text, without what it quotes."""
    text = without_quotations(plain_text(comment.text))
    # A link in what the comment quotes is none of its author's.
    own = tuple(link for link in links(comment.text) if link in text)
    return CommentInput(comment_id=comment.pk, author=comment.author, text=text, links=own)
