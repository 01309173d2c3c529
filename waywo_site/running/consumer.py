"""The part of a worker that takes messages."""

from typing import Any

from celery.worker.consumer import Consumer as CelerysConsumer


class Consumer(CelerysConsumer):
    """Celery's, but a worker that scales itself takes as much after a lost broker as before.

    Celery counts the processes that there are at that moment: with no more messages than processes, none is ever added
    (Celery 5.6.3, ``max_prefetch_count``).
    """

    controller: Any
    prefetch_multiplier: int

    @property
    def max_prefetch_count(self) -> int:
        """How many messages this worker holds at most."""
        most: int = self.controller.max_concurrency or self.pool.num_processes
        return most * self.prefetch_multiplier
