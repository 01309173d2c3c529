"""Runs the pipeline and saves what comes, idea by idea: a run that dies keeps what it had finished."""

import shutil
import time
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from kombu.exceptions import OperationalError
from pydantic import BaseModel

from core import event_loop
from core.http import InvalidAnswer, NotAsked, OutsideError, in_short
from core.jobs import sending
from core.progress import Progress, no_progress
from ideas import runs
from ideas.asking import Wish, check_wish, require_language_model
from ideas.models import IdeaRun
from ideas.pipeline import Pipeline, PipelineError, Record
from ideas.runs import GenerationFailed
from ideas.saving import NearCopy, NotAnIdea, save_idea
from ideas.tags import TagPool, tag_pool
from projects.language.embeddings import Embedder, get_embedder
from projects.language.metering import Usage, metering
from projects.language.model import LanguageModel, get_language_model

TASK = "generate_ideas"
MOST_ERRORS = 20  # kept of a run; 50 rows can fail twice each


class Ready(BaseModel):
    """What the model answers before anything is asked of it."""

    ready: bool


def request_ideas(wish: Wish, started_by: Any = None) -> IdeaRun:
    """Note a run and send its task, for a person who wants to look at it at once.

    Raises OperationalError of kombu when the broker is away; then there is no run that would wait for ever.
    """
    run = runs.open_run(wish, started_by=started_by)
    try:
        with transaction.atomic():
            run.task_id = sending.send(TASK, as_arguments(wish))
            run.save()
    except OperationalError:
        run.delete()
        raise
    return run


def as_arguments(wish: Wish) -> dict[str, Any]:
    return {"num_ideas": wish.num_ideas, "seed_tags": list(wish.seed_tags) or None, "creativity": wish.creativity}


def generate_ideas(
    num_ideas: int = 5,
    seed_tags: list[str] | None = None,
    creativity: float = 0.85,
    *,
    task_id: str = "",
    last_try: bool = True,
    progress: Progress = no_progress,
) -> IdeaRun:
    """Make ideas and save them as pending projects; return the finished run.

    With a ``task_id`` that was seen before, it goes on where the worker that died had come to: what was finished is
    saved and is not made again. A run that is finished is returned as it is. ``last_try`` says that nobody tries
    again when the model fails; a task waits for a server that is down.

    Raises ValueError for wrong arguments, NoLanguageModel without one, OutsideError where the model cannot be
    reached, AlreadyRunning, and GenerationFailed when not one idea was saved. Ideas that failed are ``run.errors``.
    """
    progress("building_pipeline", 0, 1)
    try:
        wish = check_wish(num_ideas, seed_tags, creativity)
        require_language_model()
    except (ValueError, OutsideError) as error:
        runs.refuse(task_id, str(error))
        raise
    run = runs.open_run(wish, task_id)
    with runs.held(run):
        run.refresh_from_db()
        if run.status == IdeaRun.Status.FAILED:
            raise GenerationFailed(" ".join(run.errors))
        if run.is_finished:
            return run
        return _attempt(run, wish, progress, last_try=last_try)


def _attempt(run: IdeaRun, wish: Wish, progress: Progress, *, last_try: bool) -> IdeaRun:
    runs.begin(run)
    runs.sweep(run)
    try:
        _generate(run, wish, progress)
    except SoftTimeLimitExceeded:
        run.errors.append("It was stopped at its time limit.")
    except OutsideError as error:
        if str(error) not in run.errors:  # an outage says the same at every try
            run.errors.append(str(error))
        # Only a task waits for a server that is down, for as long as that takes.
        if (isinstance(error, NotAsked) and run.task_id) or not (error.permanent or last_try):
            # The task tries again, and goes on where this try ended; it died of nothing.
            run.attempts -= 1
            run.status = IdeaRun.Status.QUEUED
            run.save()
        else:
            run.finish(IdeaRun.Status.FAILED)
        raise
    except SystemExit:
        raise  # Its worker ends: whoever cancelled it has said so, else another worker goes on.
    except BaseException as error:
        run.errors.append(f"{type(error).__name__}: {in_short(error)}")
        run.finish(IdeaRun.Status.FAILED)
        raise
    finally:
        shutil.rmtree(runs.folder_of(run), ignore_errors=True)
    return runs.end(run)


def _generate(run: IdeaRun, wish: Wish, progress: Progress) -> None:
    """Ask until there are as many as wished, or nothing but failures comes."""
    model = _reached_model(run)
    pool, embedder = tag_pool(wish.seed_tags), get_embedder()
    run.is_from_starter_tags = pool.is_starter_list
    for _ in range(1 + runs.TIMES_ASKED_AGAIN):
        missing = wish.num_ideas - run.ideas.count()
        if missing <= 0:
            return
        if not _ask(run, wish, missing, model, pool, embedder, progress):
            return


def _reached_model(run: IdeaRun) -> LanguageModel:
    """Return the model, asked one small question: whether it can be reached, and how its server takes schemas."""
    model = get_language_model()
    usage = Usage()

    async def ask() -> None:
        # Metered inside: the loop has a context of its own, made with its first call.
        with metering(usage):
            await model.ask("You are a server that is being checked.", "Are you ready?", Ready, max_tokens=64)

    try:
        event_loop.run(ask())
    except InvalidAnswer:
        pass  # It answers; the ideas will show what its answers are worth.
    finally:
        _count(run, usage)
    return model


def _count(run: IdeaRun, usage: Usage) -> None:
    run.llm_calls += usage.calls
    run.tokens_in += usage.tokens_in
    run.tokens_out += usage.tokens_out


def _ask(
    run: IdeaRun, wish: Wish, count: int, model: LanguageModel, pool: TagPool, embedder: Embedder, progress: Progress
) -> int:
    """Ask for ``count`` ideas, save what can be saved, and return how many were near copies."""
    folder = runs.folder_of(run)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    taken = [*run.ideas.values_list("project__title", flat=True), *(refused["title"] for refused in run.refusals)]
    pipeline = Pipeline(model, pool, wish.creativity, folder, taken)
    had, came, copies, started = run.ideas.count(), 0, 0, time.monotonic()
    run.rows_asked += count
    run.save()
    progress("generating", had, wish.num_ideas)
    try:
        for record in pipeline.records(count):
            came += 1
            progress("generating", min(had + came, wish.num_ideas), wish.num_ideas)
            copies += _save(run, wish, record, embedder)
            run.save()
            progress("saving", run.ideas.count(), wish.num_ideas)
    except PipelineError as error:
        run.errors.append(str(error))
    finally:
        run.errors = [*run.errors, *pipeline.errors][:MOST_ERRORS]
        run.seconds = round(run.seconds + time.monotonic() - started, 2)
        _count(run, pipeline.usage)
        run.save()
    return copies


def _save(run: IdeaRun, wish: Wish, record: Record, embedder: Embedder) -> bool:
    """Save one row, or note why not; return True for a near copy, in whose place another is asked for."""
    try:
        save_idea(run, wish, record, embedder)
    except NearCopy as copy:
        run.refusals.append({"title": record.title[:100], "reason": str(copy), "similarity": copy.similarity})
        return True
    except NotAnIdea as error:
        run.refusals.append({"title": record.title[:100], "reason": str(error), "similarity": None})
        run.errors.append(f"An answer was refused: {error}")
    return False
