"""Schedules belong to the operator: beat puts none back."""

from importlib import import_module

import pytest
from django.apps import apps
from django_celery_beat.models import PeriodicTask

from waywo_site.celery import app
from waywo_site.scheduler import Scheduler

# Beat closes connections, which a test inside a transaction could not survive.
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_start_of_beat_changes_no_schedule_and_brings_none_back():
    PeriodicTask.objects.all().delete()
    import_module("waywo_site.migrations.0002_result_cleanup").add_schedule(apps, None)
    Scheduler(app=app).setup_schedule()
    cleanup = PeriodicTask.objects.get(name="celery.backend_cleanup")
    assert cleanup.crontab.hour == "4"
    PeriodicTask.objects.update(queue="operations", enabled=False)
    Scheduler(app=app).setup_schedule()
    cleanup.refresh_from_db()
    assert (cleanup.queue, cleanup.enabled) == ("operations", False)
    cleanup.delete()
    Scheduler(app=app).setup_schedule()
    assert not PeriodicTask.objects.exists()
