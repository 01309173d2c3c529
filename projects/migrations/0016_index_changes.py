# What raises the version of the index (core/index_version.py): every change of a project, its tags, appearances and
# pages, and of the figures. Of readings, which are written often while they run, only their beginning and their end.

from django.db import migrations

TABLES = (
    "projects_project", "projects_tag", "projects_tagalias", "projects_project_tags", "projects_project_pages",
    "projects_submission", "projects_page", "projects_projectmerge", "waywo_site_analytics",
)  # fmt: skip
TRIGGER = """
CREATE TRIGGER index_changed AFTER INSERT OR UPDATE{columns} OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION index_changed()
"""


def trigger(table, columns=""):
    return migrations.RunSQL(TRIGGER.format(table=table, columns=columns), f"DROP TRIGGER index_changed ON {table}")


class Migration(migrations.Migration):

    dependencies = [
        ('projects', '0015_kinds_of_stored_links'),
        ('comments', '0012_index_changes'),
    ]

    operations = [*(trigger(table) for table in TABLES), trigger("projects_extraction", " OF status")]
