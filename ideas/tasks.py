"""Generation as a task. Name, arguments and result are contracts (design, section 4)."""

from typing import Annotated, Any

from celery import shared_task
from pydantic import Field

from core.jobs.retrying import RetryingTask
from ideas import generation
from ideas.models import LEAST_CREATIVITY, MOST_CREATIVITY, MOST_IDEAS


@shared_task(name="generate_ideas", bind=True, base=RetryingTask, counts_its_deaths=True)
def generate_ideas(
    self: RetryingTask,
    *,
    num_ideas: Annotated[int, Field(ge=1, le=MOST_IDEAS, description="How many ideas.")] = 5,
    seed_tags: Annotated[
        list[str] | None, Field(description="Tags that every idea combines; empty for all, weighted by use.")
    ] = None,
    creativity: Annotated[
        float, Field(ge=LEAST_CREATIVITY, le=MOST_CREATIVITY, description="The temperature of the writing.")
    ] = 0.85,
) -> dict[str, Any]:
    """Make project ideas with a language model and save them as pending projects."""
    return generation.generate_ideas(
        num_ideas,
        seed_tags,
        creativity,
        task_id=self.request.id or "",
        last_try=self.is_last_try,
        progress=self.report_progress,
    ).as_result()
