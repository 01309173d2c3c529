from django.db import migrations
from django.utils import timezone

SCHEDULES = {
    "reconcile": "Sends again what is due and not under way, as after the broker lost its messages.",
    "send_canaries": "Sends a canary through each queue, which shows that its workers take work.",
}


def add_schedules(apps, schema_editor):
    """Put in our own two schedules, once: what an operator makes of them stays."""
    crontab, _ = apps.get_model("django_celery_beat", "CrontabSchedule").objects.get_or_create(
        minute="*", hour="*", day_of_week="*", day_of_month="*", month_of_year="*", timezone="UTC"
    )
    for task, description in SCHEDULES.items():
        apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
            name=task,
            defaults={
                "task": task,
                "crontab": crontab,
                "expire_seconds": 55,
                "description": description,
                "last_run_at": timezone.now(),
            },
        )


class Migration(migrations.Migration):
    dependencies = [("waywo_site", "0003_heartbeats"), ("django_celery_beat", "0019_alter_periodictasks_options")]

    operations = [migrations.RunPython(add_schedules, migrations.RunPython.noop)]
