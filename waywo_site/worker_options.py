"""What the variables WORKER_… and the options of run_worker take: both are read by these."""

from waywo_site.environment import Kind, whole
from waywo_site.task_table import QUEUE_TIME_LIMITS

MOST_PROCESSES = 1_000


def _queues(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or set(names) - set(QUEUE_TIME_LIMITS):
        raise ValueError(text)
    return names


def _autoscale(text: str) -> tuple[int, int]:
    most, least = map(int, text.split(","))
    if not 1 <= least <= most <= MOST_PROCESSES:
        raise ValueError(text)
    return most, least


QUEUES = Kind(_queues, f"names of {', '.join(QUEUE_TIME_LIMITS)}")
CONCURRENCY = whole(1, MOST_PROCESSES)
AUTOSCALE = Kind(_autoscale, "the most and the least processes, the most first, as 10,3")
MAX_TASKS_PER_CHILD = whole(1, 1_000_000)
# In kB. A process that has read hundreds took 250 MB here: with less than that it would be replaced after each task.
MAX_MEMORY_PER_CHILD = whole(300_000, 1_000_000_000)
