"""Beat's scheduler: the schedules of the database, and nothing else."""

from typing import Any

from django_celery_beat.schedulers import DatabaseScheduler


class Scheduler(DatabaseScheduler):
    """django-celery-beat's scheduler, which leaves the operator's schedules as they are."""

    def install_default_entries(self, data: Any) -> None:
        """Install nothing.

        django-celery-beat writes its own clean-up of results anew at each start, over what an operator changed in it
        or deleted; a migration puts it in once instead.
        """
