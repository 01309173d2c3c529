"""The life of a run of ideas: opened, held by one worker, begun, ended; and what dead workers left is cleared."""

import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from core.jobs.retrying import GivenUp
from core.locks import try_lock
from core.models import MAX_DEATHS
from ideas.asking import Wish
from ideas.models import IdeaRun

# How often others are asked for in place of near copies.
TIMES_ASKED_AGAIN = 2
# How long a worker waits for a run that another one holds.
PATIENCE_SECONDS = 10


class GenerationFailed(Exception):
    """Not one idea came of a run; the message says why."""


class AlreadyRunning(Exception):
    """Another worker is at this run."""


def refuse(task_id: str, error: str) -> None:
    """Tell a run that a person waits for why it never began."""
    waiting = IdeaRun.objects.unfinished().filter(task_id=task_id).exclude(task_id="")
    waiting.update(status=IdeaRun.Status.FAILED, finished_at=timezone.now(), errors=[error])


def open_run(wish: Wish, task_id: str = "", **fields: Any) -> IdeaRun:
    """Return the run of a task: the one that it began before, else a new one with ``fields``."""
    asked = {"num_ideas": wish.num_ideas, "seed_tags": list(wish.seed_tags), "creativity": wish.creativity, **fields}
    if not task_id:
        return IdeaRun.objects.create(**asked)
    return IdeaRun.objects.get_or_create(task_id=task_id, defaults=asked)[0]


@contextmanager
def held(run: IdeaRun) -> Iterator[None]:
    """Keep every other worker from the run. PostgreSQL lets go by itself when this process dies.

    It may take a moment to notice, and the task of a killed worker is handed on at once: so it is asked repeatedly.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        with _lock(run) as is_ours:
            if is_ours:
                yield
                return
        if time.monotonic() > until:
            raise AlreadyRunning(f"Another worker is making these ideas: run {run.pk}.")
        time.sleep(0.2)


def _lock(run: IdeaRun) -> AbstractContextManager[bool]:
    return try_lock(f"idea run {run.pk}")


def begin(run: IdeaRun) -> None:
    """Count the attempt before the work starts; give up a run whose workers keep dying."""
    run.attempts += 1
    run.status, run.finished_at, run.errors = IdeaRun.Status.RUNNING, None, []
    run.started_at = timezone.now()
    run.language_model = settings.LLM_MODEL
    run.save()
    if run.attempts > MAX_DEATHS:
        run.errors = [GivenUp.REASON]
        run.finish(IdeaRun.Status.PARTIAL if run.ideas.exists() else IdeaRun.Status.FAILED)
        raise GenerationFailed(f"Run {run.pk} is given up. {GivenUp.REASON}")


def end(run: IdeaRun) -> IdeaRun:
    """Set how the run ended. Raises GenerationFailed for one without an idea."""
    saved = run.ideas.count()
    copies = sum(refused["similarity"] is not None for refused in run.refusals)
    if saved < run.num_ideas and copies:
        run.errors.append(
            f"{copies} ideas were too like what is there, and others were asked for {TIMES_ASKED_AGAIN} times: "
            "other tags or more creativity make more of a difference."
        )
    if saved < run.num_ideas and not run.errors:
        run.errors.append(f"Only {saved} of {run.num_ideas} ideas came.")
    whole = saved == run.num_ideas and not run.errors
    run.finish(IdeaRun.Status.SUCCESS if whole else IdeaRun.Status.PARTIAL if saved else IdeaRun.Status.FAILED)
    if not saved:
        raise GenerationFailed(f"No idea came of run {run.pk}. {run.errors[0]}")
    return run


def _scratch() -> Path:
    return settings.VAR_DIR / "ideas"


def folder_of(run: IdeaRun) -> Path:
    """Return where the run's files are while it is under way."""
    return _scratch() / f"run-{run.pk}"


def sweep(run: IdeaRun) -> None:
    """End the runs, and remove the folders, that dead workers left.

    A worker's run does not outlive the hard limit of its task, and until then its task may be handed on; that of a
    command may last longer, and holds its lock for as long as it lives.
    """
    others = IdeaRun.objects.filter(status=IdeaRun.Status.RUNNING).exclude(pk=run.pk)
    hard = settings.TASKS["generate_ideas"].hard
    for other in others.filter(started_at__lt=timezone.now() - timedelta(seconds=2 * hard)):
        with _lock(other) as is_ours:
            if is_ours:
                _end_dead(other)
    alive = {folder_of(other).name for other in others}
    for folder in _scratch().glob("run-*"):
        if folder.name not in alive:
            shutil.rmtree(folder, ignore_errors=True)


def _end_dead(run: IdeaRun) -> None:
    # By its state, and only if that still holds: it may have ended since it was looked for.
    IdeaRun.objects.filter(pk=run.pk, status=IdeaRun.Status.RUNNING).update(
        status=IdeaRun.Status.FAILED,
        finished_at=timezone.now(),
        errors=["Its worker died. What it had finished is kept."],
    )
