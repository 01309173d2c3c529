from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('waywo_site', '0009_alerts_due_by_way'),
    ]

    operations = [
        migrations.DeleteModel(name='Tally'),
        migrations.RemoveField(model_name='analytics', name='fingerprint'),
    ]
