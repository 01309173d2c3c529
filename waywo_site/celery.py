"""The Celery app. It starts the embedded broker when somebody first asks for a connection to it.

What a worker does when it starts and ends stands in running/worker_signals.py, which only workers load.
"""

import os
import time
from typing import Any

from celery import Celery
from celery.signals import before_task_publish, celeryd_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "waywo_site.settings")
# Django's checks load every page, 20 MB, and worker and beat serve none; the commands that start them run our own.
os.environ.setdefault("CELERY_SKIP_CHECKS", "true")


class WaywoCelery(Celery):
    """Celery whose every broker connection first sees to it that the embedded Valkey runs, where one is used."""

    def _connection(self, url, **options):
        from django.conf import settings

        if settings.EMBEDDED_VALKEY is not None:
            settings.EMBEDDED_VALKEY.ensure_running()
            # Read again: a later start may have had to take another port than settings found.
            url = settings.EMBEDDED_VALKEY.url
        return super()._connection(url, **options)


app = WaywoCelery("waywo")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()  # as worker, beat and Flower start
app.steps["consumer"].add("waywo_site.running.unacknowledged:SignOfLife")


@app.on_after_finalize.connect
def load_tasks(sender: Celery, **_: Any) -> None:
    """Import the tasks elsewhere when somebody first asks which there are: the web server and commands send them by
    name, and most commands send none."""
    sender.autodiscover_tasks(force=True)


@celeryd_init.connect
def load_worker(conf: Any, **_: Any) -> None:
    """Import what a worker alone needs: what it does around its tasks, and what it answers when it is asked."""
    from waywo_site.running import task_signals, unacknowledged, worker_signals, worker_stats  # noqa: F401

    unacknowledged.keep_apart(conf)


@before_task_publish.connect
def stamp(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """Write into each message when it was sent: the age of a queue's oldest message is told by it."""
    if isinstance(headers, dict):
        headers.setdefault("sent_at", time.time())
