# The index is made without locking the table.

import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('comments', '0009_index_of_partly_read_comments'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='comment',
            index=models.Index(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Lower('author'), 'text_pattern_ops'), name='comment_author_start'),
        ),
    ]
