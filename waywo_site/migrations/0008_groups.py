from django.db import migrations

GROUPS = ("Operator", "Reviewer", "Viewer")


def add_groups(apps, schema_editor):
    """Make the groups, once. What they may is granted after migrate, when permissions exist (waywo_site/roles.py)."""
    for name in GROUPS:
        apps.get_model("auth", "Group").objects.get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [("waywo_site", "0007_default_schedules"), ("auth", "0012_alter_user_first_name_max_length")]

    operations = [migrations.RunPython(add_groups, migrations.RunPython.noop)]
