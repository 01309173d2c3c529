import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('projects', '0022_asking'),
    ]

    operations = [
        migrations.CreateModel(
            name='Drawing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('drawn_at', models.DateTimeField()),
                ('projects', models.PositiveIntegerField(help_text='Projects that it shows.')),
                ('clusters', models.PositiveIntegerField(help_text='Named areas, both levels together.')),
                ('seconds', models.FloatField(help_text='How long drawing it took.')),
                ('embedding_model', models.CharField(blank=True, help_text='The model whose embeddings it shows.', max_length=200)),
                ('method', models.CharField(help_text='How it was drawn, in words.', max_length=500)),
                ('parameters', models.JSONField(default=dict, help_text='The numbers that it was drawn with.')),
                ('median_moved', models.FloatField(help_text='How far the projects of the drawing before moved: the median, as a share of the width. Empty for a first drawing.', null=True)),
            ],
            options={
                'ordering': ('-drawn_at', '-id'),
                'get_latest_by': ('drawn_at', 'id'),
            },
        ),
        migrations.CreateModel(
            name='Cluster',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(help_text='Its number in this drawing, over both levels.')),
                ('level', models.PositiveSmallIntegerField(choices=[(0, 'broad'), (1, 'fine')])),
                ('name', models.CharField(max_length=80)),
                ('named_by', models.CharField(help_text="words, or the language model's name.", max_length=200)),
                ('terms', models.JSONField(default=list, help_text='Its distinctive tags and words, the most telling first.')),
                ('x', models.FloatField(help_text='The middle of its projects, from -1 to 1.')),
                ('y', models.FloatField(help_text='The middle of its projects, from -1 to 1.')),
                ('projects', models.PositiveIntegerField(help_text='How many projects it has.')),
                ('parent', models.ForeignKey(help_text='The broad area of a fine one.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='projects.cluster')),
                ('drawing', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='areas', to='projects.drawing')),
            ],
            options={
                'ordering': ('level', '-projects', 'number'),
            },
        ),
        migrations.CreateModel(
            name='Dot',
            fields=[
                ('project', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='dot', serialize=False, to='projects.project')),
                ('x', models.FloatField(help_text='From -1 to 1.')),
                ('y', models.FloatField(help_text='From -1 to 1.')),
                ('cluster', models.ForeignKey(help_text='Its fine area; empty where it lies between all of them.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='dots', to='projects.cluster')),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('x__range', (-1, 1)), ('y__range', (-1, 1))), name='dot_lies_within_the_map')],
            },
        ),
        migrations.AddConstraint(
            model_name='cluster',
            constraint=models.UniqueConstraint(fields=('drawing', 'number'), name='cluster_number_once_per_drawing'),
        ),
        # A new drawing is written at once, so its own row tells of dots and clusters too (core/index_version.py).
        migrations.RunSQL(
            "CREATE TRIGGER index_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON projects_drawing "
            "FOR EACH STATEMENT EXECUTE FUNCTION index_changed()",
            "DROP TRIGGER index_changed ON projects_drawing",
        ),
    ]
