from django.db import migrations

LOCAL = ("health: backup", "health: disk", "health: flower", "health: memory")


def forget_nameless(apps, schema_editor):
    """Forget what was told of a machine without its name: it is told once more under it."""
    apps.get_model("waywo_site", "Alert").objects.filter(subject__in=LOCAL).delete()
    # Which machine looked first, and so needed no name.
    apps.get_model("waywo_site", "Heartbeat").objects.filter(name__startswith="machine:").delete()


class Migration(migrations.Migration):
    dependencies = [("waywo_site", "0011_offered_schedules")]

    operations = [migrations.RunPython(forget_nameless, migrations.RunPython.noop)]
