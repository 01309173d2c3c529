# The index is made without locking the table.

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('comments', '0012_index_changes'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='comment',
            index=models.Index(condition=models.Q(('dead', False), ('deleted', False)), fields=['id'], include=('post', 'source', 'author'), name='comment_shown'),
        ),
    ]
