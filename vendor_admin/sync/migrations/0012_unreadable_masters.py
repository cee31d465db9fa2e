"""Which masters could not be read in a round, with the reason."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sync", "0008_reading_places")]

    operations = [
        migrations.AddField(model_name="readingplace", name="unreadable", field=models.JSONField(null=True)),
    ]
