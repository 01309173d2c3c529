# With the source: projects are counted by month from the index alone.

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('projects', '0024_indexes_of_admin_lists'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='project',
            name='project_first_seen',
        ),
        migrations.AddIndex(
            model_name='project',
            index=models.Index(fields=['-first_seen_at', '-id'], include=('source',), name='project_first_seen'),
        ),
    ]
