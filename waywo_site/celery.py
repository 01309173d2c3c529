"""The Celery app. It starts the embedded broker when somebody first asks for a connection to it."""

import os

from celery import Celery
from celery.signals import worker_process_init, worker_process_shutdown

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "waywo_site.settings")


class WaywoCelery(Celery):
    """Celery whose every broker connection first sees to it that the embedded Valkey runs, where one is used."""

    def _connection(self, url, **options):
        from django.conf import settings

        if settings.EMBEDDED_VALKEY is not None:
            settings.EMBEDDED_VALKEY.ensure_running()
            # Read anew: a later start may have had to take another port than settings found.
            url = settings.EMBEDDED_VALKEY.url
        return super()._connection(url, **options)


app = WaywoCelery("waywo")
app.config_from_object("django.conf:settings", namespace="CELERY")


@worker_process_shutdown.connect
def close_event_loop(**_) -> None:
    """Let open connections of the process's event loop end in order."""
    from comments.event_loop import close

    close()


@worker_process_init.connect
def start_tracing(**_) -> None:
    """Trace in this process where a receiver is configured; after the fork, which an exporter's thread dies of."""
    from django.conf import settings

    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        from waywo_site import tracing

        tracing.start(settings.OTEL_EXPORTER_OTLP_ENDPOINT)


@worker_process_shutdown.connect
def flush_traces(**_) -> None:
    """Send what is still held: a child that is recycled would take its spans with it."""
    from django.conf import settings

    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        from waywo_site import tracing

        tracing.stop()
