"""Reading, and counting what was read, as tasks. Names, arguments and results are contracts (design, section 4)."""

from typing import Annotated, Any, Literal

from celery import shared_task
from celery.exceptions import Ignore
from pydantic import Field

from comments.source_names import CommentSourceName
from comments.tasks import LimitComments, Month, Year
from core.jobs import steps
from core.jobs.retrying import RetryingTask
from core.jobs.sending import LARGEST_LIMIT, STARTED_BY
from projects import reembedding
from projects.analytics import computing
from projects.asking import answering
from projects.extraction import choosing, reading, trying
from projects.language.embeddings import get_embedder
from projects.mapping import drawing
from projects.mapping.layout_process import DrawingFailed
from projects.threads.outcomes import progress_of
from projects.threads.phases import AlreadyRunning, NotYet, ended, go_on
from projects.threads.wishes import wish_for

Analyst = Annotated[
    Literal["rules", "llm"] | None,
    Field(description="Who reads; empty for the language model where one is configured, else rules."),
]

Fresh = Annotated[bool, Field(description="Whether the model is asked anew, whatever answers were kept.")]


@shared_task(name="process_waywo_comments", bind=True, base=RetryingTask)
def process_waywo_comments(
    self: RetryingTask,
    *,
    limit: Annotated[int | None, Field(ge=1, le=LARGEST_LIMIT, description="How many; empty for all.")] = None,
    comment_ids: Annotated[
        list[int] | None,
        Field(description="These comments, whatever their status; empty for the pending ones, oldest first."),
    ] = None,
    analyst: Analyst = None,
    fresh: Fresh = False,
    hours: Annotated[
        int | None, Field(ge=1, le=LARGEST_LIMIT, description="Those posted in the last so many hours, read or not.")
    ] = None,
    post_id: Annotated[int | None, Field(ge=1, description="Those of one thread, read or not.")] = None,
    failed: Annotated[bool | None, Field(description="Those whose reading failed or lost a project.")] = None,
    prompt_version_below: Annotated[
        int | None,
        Field(ge=1, description="Those read, but never with success at this version of the prompts or above."),
    ] = None,
    source: Annotated[
        CommentSourceName | None, Field(description="Those of this source; with no other condition its pending ones.")
    ] = None,
) -> dict[str, Any]:
    """Read comments, each in a task of its own. All conditions that are given hold together."""
    conditions = choosing.CommentConditions(hours, post_id, failed, prompt_version_below, source)
    # A person may have run the schedule now.
    by_itself = bool(getattr(self.request, "periodic_task_name", None)) and not getattr(self.request, STARTED_BY, None)
    batch = choosing.queue_comments(
        limit, comment_ids, conditions, analyst=analyst or "", fresh=fresh, by_itself=by_itself
    )
    return {"status": "queued", "comments_queued": batch.total, "task_ids": batch.task_ids, "group_id": batch.group_id}


@shared_task(name="process_waywo_comment", bind=True, base=RetryingTask, counts_its_deaths=True)
def process_waywo_comment(
    self: RetryingTask,
    *,
    comment_id: Annotated[int, Field(ge=1, description="The comment's id.")],
    analyst: Analyst = None,
    fresh: Fresh = False,
    only_unread: Annotated[bool, Field(description="Whether it is left alone where another has read it.")] = False,
) -> dict[str, Any]:
    """Read one comment, whatever its status, and save the projects in it."""
    try:
        done = reading.read_comment(
            comment_id,
            task_id=self.request.id or "",
            last_try=self.is_last_try,
            analyst=reading.get_analyst(analyst or ""),
            fresh=fresh,
            only_unread=only_unread,
            progress=self.report_progress,
        )
    except reading.TakenOver as error:
        raise Ignore from error  # The other delivery of this task says how it ended.
    except reading.ClaimLost as error:
        # An edit is read again, what was withdrawn is not: neither is a failure of this task.
        done = reading.Reading(comment_id, "skipped", reason=str(error))
    return done.as_dict()


@shared_task(name="try_reading", bind=True, base=RetryingTask)
def try_reading(
    self: RetryingTask,
    *,
    comment_id: Annotated[int | None, Field(ge=1, description="A comment's id; or a text.")] = None,
    text: Annotated[str | None, Field(description="A text that is read as if it were a comment.")] = None,
    analyst: Analyst = None,
    model: Annotated[str | None, Field(description="Another model of the same server than LLM_MODEL.")] = None,
    fresh: Fresh = False,
) -> dict[str, Any]:
    """Read a comment or a text and tell all that came of it, without saving anything."""
    return trying.try_reading(
        comment_id, text, analyst=analyst or "", model=model or "", fresh=fresh, progress=self.report_progress
    )


# Its state stays PROGRESS from look to look: no look is told as a start.
@shared_task(name="process_waywo_thread", bind=True, base=RetryingTask, counts_its_deaths=True, track_started=False)
def process_waywo_thread(
    self: RetryingTask,
    *,
    post: Annotated[
        str | int, Field(description="The thread's id, or its address on Hacker News or Lobsters.", max_length=300)
    ],
    year: Year = None,
    month: Month = None,
    limit_comments: LimitComments = None,
    analyst: Analyst = None,
) -> dict[str, Any]:
    """Collect a thread, read all that came and bring the figures up to date; end when all of that has ended.

    It holds no process meanwhile: it looks, begins what is due, and comes back.
    """
    wish = wish_for(post, year=year, month=month, limit_comments=limit_comments, analyst=analyst)
    try:
        run = go_on(self.request.id or "", wish, dict(self.request.kwargs or {}), self.come_back)
    except AlreadyRunning as running:
        other = running.run
        return {"status": "skipped", "post_id": other.post_id, "task_id": other.task_id, "reason": str(running)}
    except NotYet as error:
        raise Ignore from error
    if run.is_finished:
        return ended(run)
    steps.write_waiting(self.request.id or "", *progress_of(run), is_in_batch=bool(self.request.group))
    raise Ignore


@shared_task(name="generate_analytics", bind=True, base=RetryingTask)
def generate_analytics(self: RetryingTask) -> dict[str, Any]:
    """Compute the figures of each month and thread."""
    return computing.generate_analytics(progress=self.report_progress)


@shared_task(name="generate_embeddings", bind=True, base=RetryingTask)
def generate_embeddings(
    self: RetryingTask,
    *,
    project_ids: Annotated[
        list[int] | None,
        Field(
            description="These projects, embedded or not; empty for those that the configured model has not embedded."
        ),
    ] = None,
    limit: Annotated[int | None, Field(ge=1, le=LARGEST_LIMIT, description="How many; empty for all.")] = None,
) -> dict[str, Any]:
    """Embed projects that have no embedding by the configured model yet, or the given ones anew."""
    # One try of each request: the task itself is tried again, and goes on where it stopped.
    return reembedding.generate_embeddings(get_embedder(), project_ids, limit, progress=self.report_progress, tries=1)


@shared_task(
    name="answer_question",
    bind=True,
    base=RetryingTask,
    counts_its_deaths=True,
    throws=(*RetryingTask.throws, answering.QuestionNotFound),
)
def answer_question(self: RetryingTask) -> dict[str, Any]:
    """Answer the question that a reader asked of the index, and that this task was sent for."""
    try:
        question = answering.answer_sent(self.request.id or "", last_try=self.is_last_try)
    except answering.BeingAnswered as error:
        raise Ignore from error  # The other delivery of this task says how it ended.
    return {"status": question.status, "calls": question.calls}


@shared_task(name="draw_map", bind=True, base=RetryingTask, throws=(*RetryingTask.throws, DrawingFailed))
def draw_map(self: RetryingTask) -> dict[str, Any]:
    """Draw the map of all projects anew, in a process of its own; until it is whole the old one stays."""
    return drawing.draw_map(progress=self.report_progress)
