from django.db import migrations

NAME = "celery.backend_cleanup"


def remove(apps, schema_editor):
    """Remove Celery's own clean-up, which cleanup_old_data replaces; what an operator changed in it stays."""
    rows = apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(
        name=NAME,
        task=NAME,
        enabled=True,
        expire_seconds=12 * 3600,
        description="Removes task results older than 30 days.",
        crontab__minute="0",
        crontab__hour="4",
        crontab__day_of_week="*",
        crontab__day_of_month="*",
        crontab__month_of_year="*",
        queue=None,
        args="[]",
        kwargs="{}",
    )
    rows.delete()


class Migration(migrations.Migration):
    dependencies = [("waywo_site", "0005_operations")]

    operations = [migrations.RunPython(remove, migrations.RunPython.noop)]
