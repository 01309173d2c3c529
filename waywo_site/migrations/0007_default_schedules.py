from django.db import migrations
from django.utils import timezone

MINUTE, HOUR = 60, 3600
# Name, task, arguments, crontab (UTC), seconds after which an unstarted run is dropped, what it is for. Each run expires
# before the next is sent, so that a worker that was down does not meet a flood.
SCHEDULES = (
    ("Collect the threads of the month", "process_waywo_posts", "{}", "0 6 1 * *", 27 * 24 * HOUR,
     "Looks at every known thread. Settled ones cost no request."),
    ("Collect live threads", "process_waywo_posts", '{"limit_posts": 3}', "0 * * * *", 55 * MINUTE,
     "Looks at the newest threads for new and changed comments. A thread takes comments for two weeks."),
    ("Discover new threads", "discover_waywo_posts", "{}", "30 5 * * *", 23 * HOUR,
     "Looks for threads that nobody told Waywo about."),
    ("Read pending comments", "process_waywo_comments", "{}", "0 2 * * *", 23 * HOUR,
     "Reads what waits, each comment in a task of its own."),
    ("Check health", "health_check", "{}", "*/5 * * * *", 4 * MINUTE,
     "Checks every part and keeps what it found."),
    ("Watch the queues", "monitor_queues", "{}", "*/5 * * * *", 4 * MINUTE,
     "Notes how long the queues are, and alerts when one grows."),
    ("Clean up old data", "cleanup_old_data", "{}", "0 3 * * *", 23 * HOUR,
     "Removes old results and records of machines. Posts, comments, projects and reviews stay."),
    ("Back up the database", "backup_database", "{}", "0 4 * * *", 23 * HOUR,
     "Writes the database to a file and proves that it can be restored."),
    ("Reckon the figures of the months", "generate_analytics", "{}", "0 5 * * *", 23 * HOUR,
     "Brings the figures by month and by thread up to date."),
)


def add_schedules(apps, schema_editor):
    """Put in the default schedules, once: what an operator changes or deletes stays changed or deleted."""
    crontabs = apps.get_model("django_celery_beat", "CrontabSchedule").objects
    schedules = apps.get_model("django_celery_beat", "PeriodicTask").objects
    for name, task, kwargs, text, expires, description in SCHEDULES:
        fields = dict(zip(("minute", "hour", "day_of_month", "month_of_year", "day_of_week"), text.split()))
        crontab = crontabs.filter(timezone="UTC", **fields).first() or crontabs.create(timezone="UTC", **fields)
        schedules.get_or_create(
            name=name,
            defaults={
                "task": task,
                "kwargs": kwargs,
                "crontab": crontab,
                "expire_seconds": expires,
                "description": description,
            },
        )
    # So that a beat that runs at this moment sees them.
    changes = apps.get_model("django_celery_beat", "PeriodicTasks").objects
    changes.update_or_create(ident=1, defaults={"last_update": timezone.now()})


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
