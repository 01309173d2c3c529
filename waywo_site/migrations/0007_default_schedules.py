from importlib import import_module

from django.db import migrations

from waywo_site.schedules.defaults import DEFAULTS, add

EARLIER = import_module("waywo_site.migrations.0004_own_schedules").NAMES


def add_schedules(apps, schema_editor):
    """Put in the other default schedules, once: what an operator changes or deletes stays changed or deleted."""
    add(apps, [default for default in DEFAULTS if default.name not in EARLIER])


class Migration(migrations.Migration):
    dependencies = [
        ("waywo_site", "0006_cleanup_replaces_result_cleanup"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
        ("django_celery_results", "0014_alter_taskresult_status"),
    ]

    operations = [
        migrations.RunPython(add_schedules, migrations.RunPython.noop),
        # The newest result of a schedule: without it a list of schedules sorts all results of each.
        migrations.RunSQL(
            "CREATE INDEX waywo_taskresult_of_schedule ON django_celery_results_taskresult (periodic_task_name, id DESC) "
            "WHERE periodic_task_name IS NOT NULL",
            "DROP INDEX waywo_taskresult_of_schedule",
        ),
    ]
