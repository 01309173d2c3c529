from importlib import import_module
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks
from django.db.models.signals import post_migrate, pre_migrate


class WaywoSiteConfig(AppConfig):
    default = True
    name = "waywo_site"
    verbose_name = "Operation"

    def ready(self) -> None:
        """Register checks and signals."""
        from waywo_site import checks  # noqa: F401
        from waywo_site.roles import Granting
        from waywo_site.schedules import defaults

        _name_as_the_menu_does()
        self.granting = Granting()
        pre_migrate.connect(self.granting.before, sender=self)
        post_migrate.connect(self.granting.after, sender=self)
        post_migrate.connect(defaults.add_new, sender=self)


class AdminConfig(SimpleAdminConfig):
    """Django's admin, which urls.py fills: commands that serve no pages do without it."""

    def ready(self) -> None:
        """Register Django's checks of the admin, the one that looks at each page behind what fills it."""
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(_check_admin, checks.Tags.admin)


def _check_admin(app_configs: Any, **options: Any) -> list[checks.CheckMessage]:
    import_module(settings.ROOT_URLCONF)
    return check_admin_app(app_configs, **options)


def _name_as_the_menu_does() -> None:
    """Call what other packages brought as the admin's menu calls it, in titles and paths too; a schedule by its name.

    Migrations do not see it: they compare what a model's class says.
    """
    for label, name in {"auth": "Access", "django_celery_beat": "Running", "django_celery_results": "Running"}.items():
        apps.get_app_config(label).verbose_name = name
    schedule: Any = apps.get_model("django_celery_beat", "PeriodicTask")
    schedule._meta.verbose_name, schedule._meta.verbose_name_plural = "schedule", "schedules"
    # Its own way adds the fields of cron, in an order of their own: "Nightly: 0 2 * * * (m/h/dM/MY/d) UTC".
    schedule.__str__ = lambda one: one.name
