# The indexes are made without locking the table.

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.functions.text
import projects.expressions
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# The cost keeps the planner from computing them for each row where an index has them.
SPELLINGS = r"""
CREATE OR REPLACE FUNCTION projects_spellings(text, text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 10000 AS $$
    WITH words AS (
        SELECT word, lead(word) OVER (ORDER BY place) AS following
        FROM regexp_split_to_table(lower($1 || ' ' || $2), '[^[:alnum:]]+') WITH ORDINALITY AS split(word, place)
        WHERE word <> '' AND place <= 40
    )
    SELECT coalesce(array_agg(DISTINCT spelling), '{}') FROM (
        SELECT CASE place WHEN 0 THEN word ELSE overlay(word PLACING '' FROM place FOR 1) END AS spelling
        FROM words, generate_series(0, length(word)) AS place
        WHERE length(word) BETWEEN 3 AND 24 AND word <> ALL (
            '{the,and,for,with,that,your,you,from,this,are,our,its,not,has,have,can,into,more,all,any,out,who,how,what,where,when,which,their,them}'
        )
        UNION ALL
        SELECT word || following FROM words WHERE length(word || following) <= 24
    ) AS spellings
$$
"""
HOSTS = r"""
CREATE OR REPLACE FUNCTION projects_hosts(text, text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 10000 AS $$
    WITH hosts AS (
        SELECT string_to_array(
            substring(lower(url) FROM '^[a-z][a-z0-9+.-]*://(?:[^/?#@]*@)?(?:www\.)?([^/?#:@]+)'), '.'
        ) AS labels
        FROM unnest($2 || $1) AS url
    )
    SELECT coalesce(array_agg(DISTINCT array_to_string(labels[place:], '.')), '{}')
    FROM hosts, generate_series(1, greatest(cardinality(labels) - 1, 1)) AS place
    WHERE labels[1] <> ''
$$
"""


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('projects', '0012_kept_answers'),
    ]

    operations = [
        migrations.RunSQL(SPELLINGS, 'DROP FUNCTION IF EXISTS projects_spellings(text, text)'),
        migrations.RunSQL(HOSTS, 'DROP FUNCTION IF EXISTS projects_hosts(text, text[])'),
        AddIndexConcurrently(
            model_name='project',
            index=models.Index(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Lower('title'), 'text_pattern_ops'), name='project_title_start'),
        ),
        AddIndexConcurrently(
            model_name='project',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.search.SearchVector('title', config='simple'), name='project_title_words'),
        ),
        AddIndexConcurrently(
            model_name='project',
            index=django.contrib.postgres.indexes.GinIndex(projects.expressions.Spellings('title', 'short_description'), name='project_spellings'),
        ),
        AddIndexConcurrently(
            model_name='project',
            index=django.contrib.postgres.indexes.GinIndex(projects.expressions.Hosts('primary_url', 'urls'), name='project_hosts'),
        ),
        AddIndexConcurrently(
            model_name='project',
            index=models.Index(condition=models.Q(('canonical_url', ''), _negated=True), fields=['canonical_url'], name='project_address_start', opclasses=('varchar_pattern_ops',)),
        ),
    ]
