# What makes two addresses one has changed: countries of App Stores, branches of repositories, IDN and more. The next
# post of a project is compared with what is stored, so what is stored is written anew, in lots, each row for itself.

from django.db import migrations

from projects.links import canonical_url

LOT = 1_000


def write_anew(apps, schema_editor):
    Project = apps.get_model("projects", "Project")
    rows = Project.objects.exclude(primary_url="").order_by("pk").only("pk", "primary_url", "canonical_url")
    last = 0
    while lot := list(rows.filter(pk__gt=last)[:LOT]):
        last = lot[-1].pk
        changed = []
        for project in lot:
            canonical = canonical_url(project.primary_url)
            if canonical != project.canonical_url:
                project.canonical_url = canonical
                changed.append(project)
        Project.objects.bulk_update(changed, ["canonical_url"])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("projects", "0016_index_changes"),
    ]

    operations = [
        migrations.RunPython(write_anew, migrations.RunPython.noop),
    ]
