from django.apps import AppConfig


class WaywoSiteConfig(AppConfig):
    name = "waywo_site"

    def ready(self) -> None:
        """Register the checks, and in every process the tasks: the web server and commands send them by name."""
        from waywo_site import checks  # noqa: F401
        from waywo_site.celery import app

        app.autodiscover_tasks(force=True)
