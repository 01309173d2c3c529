"""Indexes of embeddings over half precision, with more neighbours a row, and embeddings beside the other columns."""

import re

from django.db import migrations

# What is written from now on has its embedding in the row itself, up to half a page, so that comparing those that fit
# a filter reads a row each. Rows of before have it elsewhere until they are written again.
IN_THE_ROW = "ALTER TABLE projects_project SET (toast_tuple_target = 4080)"
AS_BEFORE = "ALTER TABLE projects_project RESET (toast_tuple_target)"
DEFINITION = re.compile(r"\(\(embedding\)::(?:half)?vec(?:tor)?\((?P<dimensions>\d+)\).* WHERE (?P<condition>.+)$")


def rebuild(apps, schema_editor):
    """Make each index again as ``projects.language.embedding_index`` makes new ones."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes "
            "WHERE schemaname = current_schema() AND indexname LIKE 'project\\_hnsw\\_%'"
        )
        for name, definition in cursor.fetchall():
            found = DEFINITION.search(definition)
            cursor.execute(f'DROP INDEX "{name}"')
            if found:
                cursor.execute("SET LOCAL maintenance_work_mem = '1GB'")
                cursor.execute("SET LOCAL max_parallel_maintenance_workers = 0")
                cursor.execute(
                    f'CREATE INDEX "{name}" ON projects_project USING hnsw '
                    f"((embedding::halfvec({found['dimensions']})) halfvec_cosine_ops) "
                    f"WITH (m = 24, ef_construction = 128) WHERE {found['condition']}"
                )


class Migration(migrations.Migration):
    dependencies = [("projects", "0025_covering_counts")]

    operations = [
        migrations.RunSQL(IN_THE_ROW, AS_BEFORE),
        migrations.RunPython(rebuild, migrations.RunPython.noop),
    ]
