from django.db import migrations


class Migration(migrations.Migration):
    """The batches are models of ``core`` now; their tables stay as they are."""

    dependencies = [
        ('comments', '0007_attempts_help'),
        ('core', '0001_initial'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.DeleteModel(name=name) for name in ('Cancellation', 'Redelivery', 'BatchTask', 'Batch')
            ],
        ),
    ]
