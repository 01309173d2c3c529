"""Beat as a process: ``python -m waywo_site.running.beat_process``.

Celery's command line loads what plugs into it, Flower and a shell among them, which are 20 MB that beat has no use for.
"""

from waywo_site.celery import app


def main() -> None:
    """Send what the schedules in the database say, until a signal ends it."""
    from django.conf import settings

    app.Beat(loglevel=settings.LOG_LEVEL, quiet=True).run()


if __name__ == "__main__":
    main()
