# Indexes that hold what lists are narrowed by: an index alone says which projects fit, and the rows, which are wide, are
# read for one page. The one over tags takes the place of Django's, which has no project.

from django.db import migrations, models

NARROWED_BY = ("review_status", "source", "link_kind", "idea_score", "complexity_score")


class Migration(migrations.Migration):

    dependencies = [
        ("projects", "0020_readings_by_name"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="project", name="project_last_seen"),
        migrations.RemoveIndex(model_name="project", name="project_facets"),
        migrations.AddIndex(
            model_name="project",
            index=models.Index(fields=["-last_seen_at", "-id"], include=NARROWED_BY, name="project_last_seen"),
        ),
        migrations.AddIndex(
            model_name="project",
            index=models.Index(fields=["id"], include=(*NARROWED_BY, "last_seen_at"), name="project_facets"),
        ),
        migrations.RunSQL(
            """
            CREATE INDEX project_tags_by_tag ON projects_project_tags (tag_id, project_id);
            DROP INDEX projects_project_tags_tag_id_c949773d;
            """,
            """
            CREATE INDEX projects_project_tags_tag_id_c949773d ON projects_project_tags (tag_id);
            DROP INDEX project_tags_by_tag;
            """,
        ),
    ]
