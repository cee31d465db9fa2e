"""What a row of a read job asks besides its target."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("operations", "0001_initial")]

    operations = [
        migrations.AddField(
            "readjobrow",
            "asked",
            models.JSONField(help_text="What is asked besides, as its kind has it.", null=True),
        ),
    ]
