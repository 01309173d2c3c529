"""The one table of tasks: the queue of each, how long it may take, and how often it is tried again.

What follows from the limits stands in settings.py, their order in checks.py (E003).
"""

from typing import NamedTuple

# Seconds, soft and hard, that a task of a queue may take (design, section 4). A task is told to stop at the soft limit,
# and its process ended at the hard one.
QUEUE_TIME_LIMITS = {
    "waywo": (300, 600),
    "collection": (300, 600),
    "extraction": (300, 360),
    "generation": (1500, 1800),
    "operations": (600, 900),
    "orchestration": (300, 600),
    # One call of a language model, which may take as long here as in a reading.
    "ask": (300, 360),
    "priority": (300, 600),
}


class TaskRow(NamedTuple):
    """What holds for a task: its queue, its ``limits`` (s, soft and hard) where they are not those of its queue, and
    how often it is tried again after an error that may pass (core/jobs/retrying.py)."""

    queue: str
    limits: tuple[int, int] | None = None
    retries: int = 3

    @property
    def soft(self) -> int:
        """The seconds after which the task is told to stop."""
        return (self.limits or QUEUE_TIME_LIMITS[self.queue])[0]

    @property
    def hard(self) -> int:
        """The seconds after which the task's process is ended."""
        return (self.limits or QUEUE_TIME_LIMITS[self.queue])[1]


TASKS = {
    "process_waywo_posts": TaskRow("collection"),
    "process_waywo_post": TaskRow("collection"),
    "discover_waywo_posts": TaskRow("collection"),
    "try_source": TaskRow("priority"),
    "process_waywo_comments": TaskRow("extraction"),
    "process_waywo_comment": TaskRow("extraction"),
    # Its errors are its result, which a person waits for.
    "try_reading": TaskRow("priority", retries=0),
    # It begins and follows the others, seconds at a time.
    "process_waywo_thread": TaskRow("orchestration"),
    "generate_ideas": TaskRow("generation"),
    # Somebody waits for it: tried again once, and never after its first sentence.
    "answer_question": TaskRow("ask", retries=1),
    # These two run each minute or two and look for seconds: one that hangs must not hold a process for a quarter hour.
    "health_check": TaskRow("operations", limits=(120, 180)),
    "monitor_queues": TaskRow("operations", limits=(120, 180)),
    "backup_database": TaskRow("operations", limits=(1500, 1800)),
    "cleanup_old_data": TaskRow("operations"),
    "generate_analytics": TaskRow("operations"),
    "generate_embeddings": TaskRow("operations"),
    # 50,000 projects take minutes of two processors, and its names may be asked of a model.
    "draw_map": TaskRow("operations", limits=(1500, 1800)),
    "reconcile": TaskRow("waywo"),
    "send_canaries": TaskRow("waywo", limits=(60, 120)),
    "canary": TaskRow("waywo", limits=(60, 120)),  # sent through each queue by name
}
