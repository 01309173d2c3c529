from django.db import migrations


def add_schedule(apps, schema_editor):
    """Put in the daily clean-up of old task results, once: what an operator makes of it stays."""
    crontab, _ = apps.get_model("django_celery_beat", "CrontabSchedule").objects.get_or_create(
        minute="0", hour="4", day_of_week="*", day_of_month="*", month_of_year="*", timezone="UTC"
    )
    apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
        name="celery.backend_cleanup",
        defaults={
            "task": "celery.backend_cleanup",
            "crontab": crontab,
            "expire_seconds": 12 * 3600,
            "description": "Removes task results older than 30 days.",
        },
    )


class Migration(migrations.Migration):
    dependencies = [("waywo_site", "0001_initial"), ("django_celery_beat", "0019_alter_periodictasks_options")]

    operations = [migrations.RunPython(add_schedule, migrations.RunPython.noop)]
