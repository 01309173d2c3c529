# The kinds are written in lots and the index is made without locking a large table for long.

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


def tell_kinds(apps, schema_editor):
    from projects.links import link_kind

    projects = apps.get_model("projects", "Project").objects.exclude(primary_url="").order_by("pk")
    last = 0
    while lot := list(projects.filter(pk__gt=last).only("pk", "primary_url")[:1000]):
        by_kind = {}
        for project in lot:
            by_kind.setdefault(link_kind(project.primary_url), []).append(project.pk)
        for kind, ids in by_kind.items():
            projects.order_by().filter(pk__in=ids).exclude(link_kind=kind).update(link_kind=kind)
        last = lot[-1].pk


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('projects', '0014_kind_of_link'),
    ]

    operations = [
        migrations.RunPython(tell_kinds, migrations.RunPython.noop),
        AddIndexConcurrently(
            model_name='project',
            index=models.Index(fields=['review_status', 'source', 'link_kind', 'idea_score', 'complexity_score', 'id'], name='project_facets'),
        ),
    ]
