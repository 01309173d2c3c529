"""Operations, and how Waywo keeps itself going, as tasks. Names are contracts (design, section 4)."""

from dataclasses import asdict
from typing import Annotated, Any

from celery import shared_task
from pydantic import Field

from core.jobs.retrying import RetryingTask
from waywo_site.operations import backups, cleanup
from waywo_site.operations.health import queue_watch, watch
from waywo_site.running import heartbeats, reconciling


@shared_task(name="health_check", bind=True, base=RetryingTask)
def health_check(self: RetryingTask) -> dict[str, Any]:
    """Look at every part of Waywo, keep what was found, alert where something changed."""
    return watch.check_health()


@shared_task(name="backup_database", bind=True, base=RetryingTask)
def backup_database(self: RetryingTask) -> dict[str, Any]:
    """Write the database to BACKUP_DIR and remove the backups that are no longer kept."""
    return backups.backup_database(self.report_progress)


@shared_task(name="monitor_queues", bind=True, base=RetryingTask)
def monitor_queues(self: RetryingTask) -> dict[str, Any]:
    """Measure the queues, keep a sample of each, alert where work piles up."""
    return queue_watch.monitor_queues()


@shared_task(name="cleanup_old_data", bind=True, base=RetryingTask)
def cleanup_old_data(
    self: RetryingTask,
    *,
    days: Annotated[
        int, Field(ge=cleanup.LEAST_DAYS, le=cleanup.MOST_DAYS, description="What is younger stays.")
    ] = cleanup.DAYS,
) -> dict[str, Any]:
    """Remove what nobody needs any more; never threads, comments, projects or reviews."""
    return cleanup.cleanup_old_data(days, progress=self.report_progress)


@shared_task(name="reconcile", bind=True, base=RetryingTask)
def reconcile(self: RetryingTask) -> dict[str, Any]:
    """Send again what is due and not under way: lost messages, and comments that nobody reads."""
    return asdict(reconciling.reconcile())


@shared_task(name="send_canaries", bind=True, base=RetryingTask)
def send_canaries(self: RetryingTask) -> dict[str, Any]:
    """Send a canary through each queue, whose way through shows that its workers take work."""
    return {"status": "success", "sent": heartbeats.send_canaries()}


@shared_task(name="canary", bind=True, base=RetryingTask)
def canary(self: RetryingTask, *, queue: Annotated[str, Field(description="The queue that it went through.")]) -> None:
    """Note that a worker takes from a queue."""
    heartbeats.note_canary(queue)
