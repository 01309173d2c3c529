from django.db import migrations, models

# A sequence would be raised before its transaction ends, and a page of before be kept under the number of after; one
# row that all update would make workers wait for each other. Rows that each adds are seen when the change is.
FUNCTION = """
CREATE FUNCTION index_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO core_indexchange (changes, changed_at) VALUES (1, clock_timestamp());
    -- One row of many, by one at a time. An older snapshot could not delete what another has deleted meanwhile.
    IF random() < 0.004 AND current_setting('transaction_isolation') = 'read committed'
        AND pg_try_advisory_xact_lock(hashtextextended('waywo index changes', 0)) THEN
        WITH gone AS (DELETE FROM core_indexchange RETURNING changes, changed_at)
        INSERT INTO core_indexchange (changes, changed_at) SELECT sum(changes), max(changed_at) FROM gone;
    END IF;
    RETURN NULL;
END $$;
INSERT INTO core_indexchange (changes, changed_at) VALUES (1, clock_timestamp());
"""


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0002_tasks_that_ended_lately'),
    ]

    operations = [
        migrations.CreateModel(
            name='IndexChange',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False, verbose_name='ID')),
                ('changes', models.BigIntegerField()),
                ('changed_at', models.DateTimeField()),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.RunSQL(FUNCTION, 'DROP FUNCTION index_changed()'),
    ]
