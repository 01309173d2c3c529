"""Generation as a task. Name, arguments and result are contracts (design, section 4)."""

from typing import Any

from celery import shared_task

from core.jobs.retrying import RetryingTask
from ideas import generation


@shared_task(name="generate_ideas", bind=True, base=RetryingTask)
def generate_ideas(
    self: RetryingTask, *, num_ideas: int = 5, seed_tags: list[str] | None = None, creativity: float = 0.85
) -> dict[str, Any]:
    """Make project ideas with a language model and save them as pending projects.

    num_ideas: 1 to 50. seed_tags: tags that every idea combines; empty for all, weighted by use. creativity: the
    temperature of the writing, 0.1 to 1.5.
    """
    return generation.generate_ideas(
        num_ideas,
        seed_tags,
        creativity,
        task_id=self.request.id or "",
        last_try=self.is_last_try,
        progress=self.report_progress,
    ).as_result()
