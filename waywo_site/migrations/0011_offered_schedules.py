from django.db import migrations, models

# What 0004 and 0007 put in, by today's names. "Compute the figures of the months" was "Reckon …": an installation that
# has it keeps it under the name that its operator and its results know.
NAMES = (
    "reconcile",
    "send_canaries",
    "Collect the threads of the month",
    "Collect live threads",
    "Discover new threads",
    "Read pending comments",
    "Check health",
    "Watch the queues",
    "Clean up old data",
    "Back up the database",
    "Compute the figures of the months",
)


def note_offered(apps, schema_editor):
    """Note what was put in before this was noted, so that what an operator deleted of it does not come back."""
    offered = apps.get_model("waywo_site", "OfferedSchedule")
    offered.objects.bulk_create(offered(name=name) for name in NAMES)


class Migration(migrations.Migration):
    dependencies = [("waywo_site", "0010_recomputed_figures_and_flowers_counters")]

    operations = [
        migrations.CreateModel(
            name="OfferedSchedule",
            fields=[
                ("name", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("offered_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.RunPython(note_offered, migrations.RunPython.noop),
    ]
