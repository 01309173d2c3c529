"""Indexes of embeddings over half precision, with more neighbours a row, and embeddings beside the other columns."""

import re

from django.db import migrations

# What is written from now on has its embedding in the row itself, up to half a page, so that comparing those that fit
# a filter reads a row each. Rows of before have it elsewhere until they are written again.
IN_THE_ROW = "ALTER TABLE projects_project SET (toast_tuple_target = 4080)"
AS_BEFORE = "ALTER TABLE projects_project RESET (toast_tuple_target)"
NAME = re.compile(r"project_hnsw_[0-9a-f]{16}")
DEFINITION = re.compile(r"\(\(embedding\)::(?:half)?vec(?:tor)?\((?P<dimensions>\d+)\).* WHERE (?P<condition>.+)$")


def rebuild(apps, schema_editor):
    """Make each index again as ``projects.language.embedding_index`` makes new ones, beside the old one as long.

    What a build that failed left behind is dropped; ``manage.py reembed`` makes what is missing.
    """
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, pg_get_indexdef(indexrelid), indisvalid FROM pg_index "
            "JOIN pg_class ON pg_class.oid = indexrelid WHERE indrelid = 'projects_project'::regclass "
            "AND relname LIKE 'project\\_hnsw\\_%'"
        )
        indexes = cursor.fetchall()
        cursor.execute("SET LOCAL maintenance_work_mem = '1GB'; SET LOCAL max_parallel_maintenance_workers = 0")
        for name, definition, is_valid in indexes:
            found = DEFINITION.search(definition)
            if not (found and is_valid and NAME.fullmatch(name)):
                cursor.execute(f'DROP INDEX "{name}"')
                continue
            cursor.execute(
                f"CREATE INDEX project_hnsw_new ON projects_project USING hnsw "
                f"((embedding::halfvec({found['dimensions']})) halfvec_cosine_ops) "
                f"WITH (m = 24, ef_construction = 128) WHERE {found['condition']}"
            )
            cursor.execute(f'DROP INDEX "{name}"')
            cursor.execute(f'ALTER INDEX project_hnsw_new RENAME TO "{name}"')


class Migration(migrations.Migration):
    dependencies = [("projects", "0025_covering_counts")]

    operations = [
        migrations.RunSQL(IN_THE_ROW, AS_BEFORE),
        migrations.RunPython(rebuild, migrations.RunPython.noop),
    ]
