"""Reads comments: claim, run the workflow, save what came out in one transaction."""

import logging
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from comments.models import Comment
from comments.text import plain_text
from core.http import NotAsked, OutsideError
from core.jobs.retrying import GivenUp
from core.models import MAX_DEATHS
from core.progress import Progress, no_progress
from projects.duplicates import known_projects
from projects.extraction.run import Run, comment_input
from projects.extraction.saving import locks_for, save_projects
from projects.extraction.schemas import Analyst
from projects.extraction.steps import tell
from projects.language.embeddings import Embedder, WordLlamaEmbedder, get_embedder
from projects.language.kept_answers import ignoring_kept_answers
from projects.language.model import get_language_model
from projects.models import Extraction
from projects.pages.reader import PageReader

logger = logging.getLogger(__name__)


ANALYSTS = ("rules", "llm")
WRITTEN_AT_THE_END = [
    *("status", "finished_at", "steps", "segments", "confidence", "error"),
    *("llm_calls", "calls_cached", "asked_again", "mended", "tokens_in", "tokens_out"),
]


class ReadingError(Exception):
    """A comment could not be read."""


class CommentNotFound(ReadingError):
    """There is no such comment."""


class ClaimLost(ReadingError):
    """The comment changed, or another worker took it over, while it was read. Nothing was saved."""


class TakenOver(ClaimLost):
    """A second delivery of the same task reads the comment, or has read it: that one decides."""


@dataclass
class Reading:
    """What reading one comment came to: the result of ``process_waywo_comment``."""

    comment_id: int
    status: str = "success"
    valid_projects: int = 0
    invalid_skipped: int = 0
    duplicates_linked: int = 0
    project_ids: list[int] = field(default_factory=list)
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form; ``reason`` is there only when nothing was done."""
        result = {
            "status": self.status,
            "comment_id": self.comment_id,
            "valid_projects": self.valid_projects,
            "invalid_skipped": self.invalid_skipped,
            "duplicates_linked": self.duplicates_linked,
            "project_ids": self.project_ids,
        }
        return result | {"reason": self.reason} if self.reason else result


# Whoever tries readings may name any model.
@lru_cache(maxsize=16)
def get_analyst(name: str = "", model: str = "") -> Analyst:
    """Return this process's analyst: ``rules`` or ``llm``; by default the model where ``LLM_BASE_URL`` is set.

    ``model`` is another one of the same server than LLM_MODEL. Raises ValueError for another name or a model that
    rules have no use for, and Refused for ``llm`` where no model is configured.
    """
    name = name or ("llm" if settings.LLM_BASE_URL or model else "rules")
    if name not in ANALYSTS:
        raise ValueError(f"analyst={name!r} is invalid: it expects {' or '.join(ANALYSTS)}.")
    if model and name != "llm":
        raise ValueError(f"model={model!r} is for the analyst llm: rules ask none.")
    from projects.extraction.rules import RulesAnalyst

    # The rules' vocabulary is compared in WordLlama's space, whatever embeds the projects.
    rules = RulesAnalyst(embed=WordLlamaEmbedder().embed_now)
    if name == "rules":
        return rules
    from projects.extraction.language_model import LanguageModelAnalyst

    return LanguageModelAnalyst(get_language_model(model), rules)


def read_comment(
    comment_id: int,
    *,
    task_id: str = "",
    last_try: bool = True,
    analyst: Analyst | None = None,
    embedder: Embedder | None = None,
    fresh: bool = False,
    only_unread: bool = False,
    progress: Progress = no_progress,
) -> Reading:
    """Read one comment, whatever its status, and save its projects.

    A comment that another worker reads at this moment is left to it (status ``skipped``), with ``only_unread`` also one
    that was read since it was chosen; one without text is marked as skipped. With ``fresh`` the model is asked anew,
    whatever answers were kept. ``last_try`` says whether an error that may pass leaves the comment failed or pending.

    Raises CommentNotFound, ClaimLost, GivenUp, NotAsked (the comment is pending as if it had not been claimed),
    OutsideError of a service that was needed, and whatever is a bug; by then the comment's status and its
    ``Extraction`` tell the error, and its projects are as before.
    """
    analyst, embedder = analyst or get_analyst(), embedder or get_embedder()
    comment = _comment(comment_id, task_id)
    if task_id and comment.was_read:
        return _already_done(comment, task_id)
    was_under_way = comment.status == Comment.Status.PROCESSING
    if not comment.claim(task_id, only_unread=only_unread):
        reason = "another has read it, or is reading it" if only_unread else "another worker is reading it"
        return Reading(comment.pk, "skipped", reason=reason)
    if was_under_way and comment.attempts > MAX_DEATHS:
        comment.release(Comment.Status.FAILED, error=GivenUp.REASON)
        raise GivenUp(f"Comment {comment.pk}: {GivenUp.REASON}")
    if comment.dead or comment.deleted or not plain_text(comment.text).strip():
        comment.release(Comment.Status.SKIPPED)
        return Reading(comment.pk, "skipped", reason="nothing to read: deleted, flagged or empty")
    return _run(comment, analyst, embedder, task_id, last_try, fresh, progress)


def _comment(comment_id: int, task_id: str) -> Any:
    """Return the comment, with ``was_left`` where a worker left a reading of it unfinished, and for a task with
    ``was_read`` where it has read it already. Raises CommentNotFound."""
    readings = Extraction.objects.filter(comment=OuterRef("pk"))
    told = {"was_left": Exists(readings.filter(status=Extraction.Status.RUNNING))}
    if task_id:
        told["was_read"] = Exists(readings.filter(status__in=Extraction.READ, task_id=task_id))
    try:
        return Comment.objects.annotate(**told).get(pk=comment_id)
    except Comment.DoesNotExist:
        raise CommentNotFound(f"There is no comment {comment_id}: collect its thread first.") from None


def _already_done(comment: Comment, task_id: str) -> Reading:
    """Return the result of an earlier delivery of the same task, whose acknowledgement was lost."""
    done = comment.extractions.filter(task_id=task_id, status__in=Extraction.READ)[0]
    reading = Reading(comment.pk, invalid_skipped=sum(bool(segment["rejection"]) for segment in done.segments))
    reading.project_ids = list(comment.submissions.order_by("position").values_list("project_id", flat=True))
    reading.valid_projects = len(reading.project_ids)
    reading.duplicates_linked = comment.submissions.filter(similarity__isnull=False).count()
    return reading


def _run(
    comment: Any, analyst: Analyst, embedder: Embedder, task_id: str, last_try: bool, fresh: bool, progress: Progress
) -> Reading:
    if comment.was_left:
        # The worker that was at it before is dead: the claim is ours.
        comment.extractions.filter(status=Extraction.Status.RUNNING).update(
            status=Extraction.Status.FAILED, finished_at=timezone.now(), error="its worker died"
        )
    extraction = Extraction.objects.create(
        comment=comment,
        analyst=analyst.name,
        prompt_version=analyst.prompt_version,
        started_at=timezone.now(),
        task_id=task_id,
    )
    try:
        outcome = _read(comment, analyst, embedder, extraction, fresh, progress)
        tell(progress, "save")
        with transaction.atomic():
            lost = _told(outcome)
            # Its row is locked by that until all is saved, if our claim on it still stands.
            if not comment.release(Comment.Status.PROCESSED, error=lost, locks=locks_for(comment)):
                raise _claim_lost(comment)
            saved = save_projects(comment, outcome.projects, analyst, embedder, is_whole=not outcome.lost)
            _finish(extraction, Extraction.Status.PARTIAL if lost else Extraction.Status.SUCCEEDED, lost)
    except ClaimLost as error:
        _finish(extraction, Extraction.Status.SUPERSEDED, str(error))
        raise
    except (KeyboardInterrupt, SystemExit):
        # Who cancels the task ends our claim and says so, before the signal comes.
        if comment.release(Comment.Status.PENDING):
            _finish(extraction, Extraction.Status.FAILED, "interrupted")
        raise
    except NotAsked as error:
        comment.give_back(str(error))
        if extraction.tokens_out:
            _finish(extraction, Extraction.Status.FAILED, str(error))
        else:
            extraction.delete()  # Nothing was answered, so nothing is to be told.
        raise
    except Exception as error:
        # First the row is moved out of the way, then the error goes on: a bug must not leave it "processing".
        may_pass = isinstance(error, OutsideError) and not error.permanent and not last_try
        message = f"{type(error).__name__}: {error}"
        comment.release(Comment.Status.PENDING if may_pass else Comment.Status.FAILED, error=message)
        _finish(extraction, Extraction.Status.FAILED, message)
        raise
    return Reading(
        comment.pk,
        valid_projects=len(saved.project_ids),
        invalid_skipped=sum(not segment.is_project for segment in outcome.segments),
        duplicates_linked=saved.duplicates_linked,
        project_ids=saved.project_ids,
    )


def _told(outcome: Any) -> str:
    """Return what was lost of a comment that was read, as a line; an empty one where nothing was."""
    if not outcome.lost:
        return ""
    total = len(outcome.lost) + len(outcome.projects)
    errors = "; ".join(dict.fromkeys(f"{type(lost.error).__name__}: {lost.error}" for lost in outcome.lost))
    return f"Partly read, {len(outcome.lost)} of {total} projects could not be described: {errors}"


def _read(
    comment: Comment, analyst: Analyst, embedder: Embedder, extraction: Extraction, fresh: bool, progress: Progress
) -> Any:
    """Run the workflow and return its ``CommentRead``; note on ``extraction`` what it did, also when it fails."""
    run = Run(analyst, embedder, progress)
    pages = PageReader((received := comment_input(comment)).links)
    try:
        known = known_projects(comment.author, comment.source)
        return run.read(received, known, pages.read, within=ignoring_kept_answers(fresh))
    finally:
        extraction.llm_calls, extraction.calls_cached = run.usage.calls, run.usage.cached
        extraction.asked_again, extraction.mended = run.usage.asked_again, dict(run.usage.mended)
        extraction.tokens_in, extraction.tokens_out = run.usage.tokens_in, run.usage.tokens_out
        extraction.steps, extraction.segments, extraction.confidence = run.steps, run.segments_as_json, run.confidence
        pages.keep()


def _claim_lost(comment: Comment) -> ClaimLost:
    """Return the error that says what became of our claim on the comment."""
    if by := comment.claimed_by:
        goes_on = Comment.objects.filter(pk=comment.pk, status=Comment.Status.PROCESSING, claimed_by=by).exists()
        if goes_on or comment.extractions.filter(task_id=by, status__in=Extraction.READ).exists():
            return TakenOver(f"Comment {comment.pk} was handed on while it was read; nothing was saved here.")
    return ClaimLost(f"Comment {comment.pk} changed while it was read; nothing was saved.")


def _finish(extraction: Extraction, status: str, error: str = "") -> None:
    extraction.status = status
    extraction.finished_at = timezone.now()
    extraction.error = error[:2000]
    extraction.save(update_fields=WRITTEN_AT_THE_END)
