"""When a socket was last opened, and how many connections in a row ended at once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sync", "0009_counts_and_retention")]

    operations = [
        migrations.AddField(model_name="lease", name="opened_at", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="lease", name="short_lives", field=models.IntegerField(db_default=0, default=0)),
    ]
