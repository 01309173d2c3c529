from django.db import migrations

from waywo_site.schedules.defaults import DEFAULTS, add

NAMES = ("reconcile", "send_canaries")


def add_schedules(apps, schema_editor):
    """Put in our own two schedules, once: what an operator makes of them stays."""
    add(apps, [default for default in DEFAULTS if default.name in NAMES])


class Migration(migrations.Migration):
    dependencies = [("waywo_site", "0003_heartbeats"), ("django_celery_beat", "0019_alter_periodictasks_options")]

    operations = [migrations.RunPython(add_schedules, migrations.RunPython.noop)]
