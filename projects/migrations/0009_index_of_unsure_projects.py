# The index and the check are made without locking a large table for long.

from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('projects', '0008_confidence_and_what_a_reading_mended'),
    ]

    operations = [
        ValidateConstraint(model_name='project', name='project_confidence_0_to_1'),
        AddIndexConcurrently(
            model_name='project',
            index=models.Index(condition=models.Q(('confidence__lt', 0.5), ('review_status', 'pending')), fields=['-last_seen_at', '-id'], name='project_review_unsure'),
        ),
    ]
