from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class WaywoSiteConfig(AppConfig):
    name = "waywo_site"

    def ready(self) -> None:
        """Register checks, signals and, in every process, the tasks: the web server and commands send them by name."""
        from waywo_site import checks  # noqa: F401
        from waywo_site.celery import app
        from waywo_site.roles import Granting
        from waywo_site.running import task_signals, worker_signals  # noqa: F401
        from waywo_site.schedules import defaults

        app.autodiscover_tasks(force=True)
        self.granting = Granting()
        pre_migrate.connect(self.granting.before, sender=self)
        post_migrate.connect(self.granting.after, sender=self)
        post_migrate.connect(defaults.add_new, sender=self)
