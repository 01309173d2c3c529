# With what comments are counted by their states: an index alone tells, and the texts are not read.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('comments', '0016_set_aside'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='comment',
            name='comment_status_posted_at',
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(fields=['status', '-posted_at'], include=('id', 'source', 'is_set_aside', 'dead', 'deleted'), name='comment_status_posted_at'),
        ),
    ]
