"""A reading without traces: what an analyst makes of a comment or a text, and all that was asked and said for it."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils.html import escape

from comments.models import Comment
from comments.text import links, plain_text, without_quotations
from core.http import OutsideError
from core.progress import Progress, no_progress
from core.text import storable
from projects.duplicates import KnownProject, Match, known_projects
from projects.extraction.reading import CommentNotFound, get_analyst
from projects.extraction.run import Run, comment_input
from projects.extraction.saving import continued
from projects.extraction.schemas import CommentInput
from projects.language.embeddings import get_embedder
from projects.language.kept_answers import ignoring_kept_answers, leaving_kept_answers
from projects.language.transcript import Exchange, writing_down
from projects.models import Project
from projects.pages.reader import PageReader
from projects.reading_costs import cost_of

# Characters. The longest comments of Hacker News have as many, and the API takes no larger body.
LONGEST_TEXT = 60_000
LONGEST_MODEL = 200
# A comment as Hacker News serves it, which people copy from its API; what else is pasted is plain text.
MARKUP = re.compile(r"<p>|<a href=|&#x2[27F];|&(?:quot|gt|lt|amp);")


def check_request(comment_id: int | None = None, text: str | None = None, analyst: str = "", model: str = "") -> None:
    """Raise ValueError or CommentNotFound for what cannot be tried, Refused where no model is configured."""
    if (comment_id is None) == (text is None):
        raise ValueError("It takes a comment's id or a text, one of the two.")
    if text is not None and not text.strip():
        raise ValueError("The text is empty: there is nothing to read.")
    if text is not None and len(text) > LONGEST_TEXT:
        raise ValueError(f"The text has {len(text):,} characters; it takes {LONGEST_TEXT:,}.")
    if len(model) > LONGEST_MODEL or not model.isprintable():
        raise ValueError(f"model={model[:60]!r} is invalid: it expects a name of {LONGEST_MODEL} characters at most.")
    get_analyst(analyst, model)
    if comment_id is not None and not Comment.objects.filter(pk=comment_id).exists():
        raise CommentNotFound(f"There is no comment {comment_id}: collect its thread first.")


def try_reading(
    comment_id: int | None = None,
    text: str | None = None,
    *,
    analyst: str = "",
    model: str = "",
    fresh: bool = False,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Read a comment, or a text as if it were one, and return everything that came of it; save nothing.

    ``analyst`` and ``model`` are those of ``get_analyst``. Kept answers are used, unless ``fresh``; new ones are not
    kept. A text is plain, or HTML as Hacker News serves it.

    The result is that of ``_told``. A reading that fails is a result too, with its ``error`` and all that was asked up
    to it. Raises what ``check_request`` raises.
    """
    check_request(comment_id, text, analyst, model)
    received, known = _of_comment(comment_id) if comment_id is not None else (_of_text(text or ""), [])
    run = Run(get_analyst(analyst, model), get_embedder(), progress)
    exchanges: list[Exchange] = []
    read, error, started = None, "", time.monotonic()
    if received.text:
        try:
            read = run.read(received, known, PageReader(received.links).read, within=_without_traces(exchanges, fresh))
        except OutsideError as caught:
            error = f"{type(caught).__name__}: {caught}"
    else:
        error = "There is nothing to read in it: it is empty, or quotes others alone."
    return _told(run, read, error, known) | {
        "comment_id": comment_id,
        "text": received.text,
        "exchanges": [exchange.as_dict() for exchange in exchanges],
        "seconds": round(time.monotonic() - started, 2),
    }


@contextmanager
def _without_traces(exchanges: list[Exchange], fresh: bool) -> Iterator[None]:
    with leaving_kept_answers(), ignoring_kept_answers(fresh), writing_down(exchanges):
        yield


def _of_comment(comment_id: int) -> tuple[CommentInput, list[KnownProject]]:
    comment = Comment.objects.get(pk=comment_id)
    return comment_input(comment), known_projects(comment.author, comment.source)


def _of_text(text: str) -> CommentInput:
    text = storable(text)
    html = text if MARKUP.search(text) else escape(text)
    plain = without_quotations(plain_text(text) if html is text else text.strip())
    return CommentInput(comment_id=0, author="", text=plain, links=tuple(link for link in links(html) if link in plain))


def _told(run: Run, read: Any, error: str, known: list[KnownProject]) -> dict[str, Any]:
    """Return what came of a run, as JSON.

    ``status`` is success, partial or failed; ``segments`` is what was kept and dropped, with the reason; ``projects``
    has each as it would be saved, and which stored one it ``continues``; ``lost`` those that could not be described.
    """
    usage = run.usage
    lost = [{"text": lost.segment.text, "error": str(lost.error)} for lost in read.lost] if read else []
    return {
        "status": "failed" if error else "partial" if lost else "success",
        "error": error,
        "analyst": run.analyst.name,
        "prompt_version": run.analyst.prompt_version,
        "confidence": run.confidence,
        "steps": run.steps,
        "segments": run.segments_as_json,
        "projects": [_project(found, continued(found, known, run.embedder)) for found in read.projects] if read else [],
        "lost": lost,
        "llm_calls": usage.calls,
        "calls_cached": usage.cached,
        "asked_again": usage.asked_again,
        "mended": dict(usage.mended),
        "tokens_in": usage.tokens_in,
        "tokens_out": usage.tokens_out,
        "cost": cost_of(run.analyst.name, usage.tokens_in, usage.tokens_out),
    }


def _project(found: Any, match: Match | None) -> dict[str, Any]:
    stored = Project.objects.only("title").filter(pk=match.project_id).first() if match else None
    row: dict[str, Any] = found.description.model_dump(mode="json")
    return row | {
        "text": found.segment.text,
        "confidence": found.segment.confidence,
        "continues": {"project_id": stored.pk, "title": stored.title} if stored else None,
    }
