"""Says in the help text what attempts counts since it begins anew with each end of a reading."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("comments", "0006_comment_text_words")]

    operations = [
        migrations.AlterField(
            "comment",
            "attempts",
            models.PositiveSmallIntegerField(
                default=0, help_text="Starts since a reading last came to an end: over 1, its worker died."
            ),
        ),
    ]
