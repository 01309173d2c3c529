"""Ideas as a person looks at them: beside the real projects they are nearest to."""

from dataclasses import dataclass
from typing import Any

from core.jobs import following
from ideas.models import Idea, IdeaRun
from projects.models import Project

STEPS = {"building_pipeline": "Building the pipeline", "generating": "Generating", "saving": "Saving"}


@dataclass(frozen=True)
class Card:
    """One idea; ``nearest`` are real projects with their likeness in percent."""

    idea: Idea
    project: Project
    tags: list[str]
    nearest: list[tuple[Project, int]]


def cards_of(run: IdeaRun, project_id: int | None = None) -> list[Card]:
    """Return the run's ideas, oldest first; one alone where ``project_id`` is given. Three queries for all."""
    ideas = run.ideas.select_related("project").defer("project__embedding", "project__search_vector")
    ideas = ideas.prefetch_related("project__tags")
    if project_id is not None:
        ideas = ideas.filter(project_id=project_id)
    ids = {near["project_id"] for idea in ideas for near in idea.nearest}
    # Read again: what was merged or rejected since is not shown.
    others = Project.objects.not_rejected().posted().without_heavy_fields().in_bulk(ids)
    return [
        Card(
            idea,
            idea.project,
            [tag.name for tag in idea.project.tags.all()],
            [
                (others[near["project_id"]], round(100 * near["similarity"]))
                for near in idea.nearest
                if near["project_id"] in others
            ],
        )
        for idea in ideas
    ]


def state_of(run: IdeaRun) -> dict[str, Any]:
    """Return how far a run has come, for a page that follows it: ``text``, ``done`` of ``total``, ``finished``."""
    saved = run.ideas.count()
    state = {"finished": run.is_finished, "status": run.get_status_display(), "saved": saved, "total": run.num_ideas}
    if run.is_finished:
        return state | {"done": saved, "text": f"{saved} of {run.num_ideas} ideas saved."}
    try:
        progress = following.task_state(run.task_id).progress or {}
    except following.TaskNotFound:
        progress = {}
    if run.status == IdeaRun.Status.QUEUED:
        return state | {"done": saved, "text": "Waits for a worker that serves the queue “generation”."}
    step = STEPS.get(progress.get("step") or "", "Working")
    text = f"{step}: {saved} of {run.num_ideas} ideas saved, {len(run.refusals)} refused."
    return state | {"done": max(saved, progress.get("done") or 0), "text": text}
