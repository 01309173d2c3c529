from django.db import migrations


class Migration(migrations.Migration):
    """The figures of months are a model of ``projects`` now; their table stays as it is."""

    dependencies = [
        ('projects', '0010_analytics'),
        ('waywo_site', '0012_alerts_name_their_machine'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel(name='Analytics')]),
    ]
