"""Who may what: the groups Operator, Reviewer and Viewer.

The groups are made once by a migration. What they may is granted when ``migrate`` has made the permissions: for a new
group all that its role has, later only what concerns new models. So what an operator took away stays away.
"""

from typing import Any

from django.apps import apps as installed
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import ProgrammingError, transaction
from django.db.models import Q, QuerySet

OPERATOR, REVIEWER, VIEWER = "Operator", "Reviewer", "Viewer"
NAMES = (OPERATOR, REVIEWER, VIEWER)
# What readers asked is the operator's alone.
ASKED = Q(content_type__app_label="projects", content_type__model__in=("conversation", "question", "questionevent"))
# What people read: no accounts, sessions, tokens or log-in attempts.
READABLE = Q(
    content_type__app_label__in=("core", "comments", "projects", "ideas", "django_celery_beat", "django_celery_results")
) | (Q(content_type__app_label="waywo_site") & ~Q(content_type__model__in=("apitoken", "requestcount")))
READ = Q(codename__startswith="view_") & READABLE & ~ASKED
REVIEW = Q(
    content_type__app_label="projects",
    codename__in=("change_project", "view_projectmerge", "add_projectmerge", "change_projectmerge"),
)
MAY = {OPERATOR: Q(), REVIEWER: READ | REVIEW, VIEWER: READ}


def grant(names: tuple[str, ...] | list[str], permissions: QuerySet[Permission]) -> None:
    """Give the groups ``names``, where they exist, those of ``permissions`` that their role has."""
    for group in Group.objects.filter(name__in=names):
        group.permissions.add(*permissions.filter(MAY[group.name]))


class Granting:
    """Remembers before ``migrate`` what there was, and grants afterwards what is new."""

    def __init__(self) -> None:
        self._groups: set[str] = set()
        self._permissions: set[int] = set()

    def before(self, using: str, **_: Any) -> None:
        """Note the groups and permissions that exist already: none on an empty database."""
        try:
            with transaction.atomic(using):
                self._groups = set(Group.objects.using(using).values_list("name", flat=True))
                self._permissions = set(Permission.objects.using(using).values_list("pk", flat=True))
        except ProgrammingError:
            self._groups, self._permissions = set(), set()

    def after(self, using: str, apps: Apps = installed, **_: Any) -> None:
        """Grant new groups all of their role, and the old ones what concerns new models."""
        # Some apps come after this one: their permissions are made here already, which is harmless twice. ``apps`` has
        # the models as migrated so far; those of the code may be ahead of them, as after "migrate core zero". A flush
        # gives none.
        for app in installed.get_app_configs():
            create_permissions(app, verbosity=0, using=using, apps=apps)
        new_groups = [name for name in NAMES if name not in self._groups]
        grant(new_groups, Permission.objects.using(using).all())
        grant(list(NAMES), Permission.objects.using(using).exclude(pk__in=self._permissions))
