import django.db.models.deletion
from django.db import migrations, models


def to_projects(apps, schema_editor):
    """Give the content type its new app: permissions, groups and the history of objects hang on its id."""
    apps.get_model('contenttypes', 'ContentType').objects.filter(app_label='waywo_site', model='analytics').update(
        app_label='projects'
    )


def to_waywo_site(apps, schema_editor):
    """Undo ``to_projects``."""
    apps.get_model('contenttypes', 'ContentType').objects.filter(app_label='projects', model='analytics').update(
        app_label='waywo_site'
    )


class Migration(migrations.Migration):
    """The figures of months are a model of ``projects``, whose pages show them; the table keeps its name."""

    dependencies = [
        ('comments', '0008_batches_to_core'),
        ('contenttypes', '0002_remove_content_type_name'),
        ('projects', '0009_index_of_unsure_projects'),
        # The table.
        ('waywo_site', '0012_alerts_name_their_machine'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name='Analytics',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('year', models.PositiveSmallIntegerField()),
                        ('month', models.PositiveSmallIntegerField()),
                        ('comments', models.PositiveIntegerField(help_text='Top-level comments that strangers may see.')),
                        ('read_comments', models.PositiveIntegerField(help_text='Those of them that were read.')),
                        ('valid_comments', models.PositiveIntegerField(help_text='Those of them with a project.')),
                        ('projects', models.PositiveIntegerField()),
                        ('projects_seen_again', models.PositiveIntegerField(help_text='Projects that an earlier thread had too.')),
                        ('authors', models.PositiveIntegerField()),
                        ('returning_authors', models.PositiveIntegerField(help_text='Authors who wrote in an earlier thread too.')),
                        ('tags', models.JSONField(help_text='Name, count, and growth against the mean of the 3 months before.')),
                        ('new_tags', models.JSONField(help_text='Tags that no earlier thread had.')),
                        ('tag_pairs', models.JSONField(help_text='Two tags of one project, with the number of such projects.')),
                        ('idea_scores', models.JSONField(help_text='Projects by score, 1 to 10.')),
                        ('complexity_scores', models.JSONField(help_text='Projects by score, 1 to 10.')),
                        ('hosts', models.JSONField(help_text="Hosts of the projects' links, with counts.")),
                        ('computed_at', models.DateTimeField()),
                        ('post', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='analytics', to='comments.post')),
                    ],
                    options={
                        'verbose_name_plural': 'analytics',
                        'db_table': 'waywo_site_analytics',
                        'ordering': ('-year', '-month', 'post'),
                        'constraints': [models.UniqueConstraint(condition=models.Q(('post', None)), fields=('year', 'month'), name='analytics_once_per_month')],
                    },
                ),
            ],
        ),
        migrations.RunPython(to_projects, to_waywo_site),
        migrations.AddField(
            model_name='analytics',
            name='returned',
            field=models.JSONField(default=list, help_text='Projects that an earlier month had too: id, and the months that they were posted in.'),
        ),
    ]
