# Projects from Lobsters bore the source of Hacker News. Where a project was posted first is its source.

from django.db import migrations
from django.db.models import OuterRef, Subquery


def set_lobsters(apps, schema_editor):
    Project = apps.get_model("projects", "Project")
    Submission = apps.get_model("projects", "Submission")
    # From those few to their projects: a look at the first submission of each project would read all of them.
    posted = Submission.objects.filter(comment__source="lobsters").values("project_id")
    first = Submission.objects.filter(project=OuterRef("pk")).order_by("comment__posted_at", "pk")
    found = Project.objects.filter(source="hn", pk__in=posted).annotate(
        first_source=Subquery(first.values("comment__source")[:1])
    )
    ids = list(found.filter(first_source="lobsters").values_list("pk", flat=True))
    Project.objects.filter(pk__in=ids).update(source="lobsters")


def set_hacker_news(apps, schema_editor):
    apps.get_model("projects", "Project").objects.filter(source="lobsters").update(source="hn")


class Migration(migrations.Migration):

    dependencies = [
        ('projects', '0010_analytics'),
        ('comments', '0009_index_of_partly_read_comments'),
    ]

    operations = [
        migrations.RunPython(set_lobsters, set_hacker_news),
    ]
