"""The Celery app. It starts the embedded broker when somebody first asks for a connection to it.

What a worker does when it starts and ends stands in running/worker_signals.py.
"""

import os
import time
from typing import Any

from celery import Celery
from celery.signals import before_task_publish

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "waywo_site.settings")


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
app.steps["consumer"].add("waywo_site.running.unacknowledged:SignOfLife")


@before_task_publish.connect
def stamp(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """Write into each message when it was sent: the age of a queue's oldest message is told by it."""
    if isinstance(headers, dict):
        headers.setdefault("sent_at", time.time())
