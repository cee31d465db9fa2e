from django.db import migrations, models

STATES = [
    ("unheld", "waiting for a worker"),
    ("connecting", "connecting"),
    ("syncing", "reading the snapshot"),
    ("live", "live"),
    ("behind", "events cannot be stored"),
    ("waiting", "waiting to reconnect"),
    ("failed", "needs attention"),
    ("paused", "paused"),
]


class Migration(migrations.Migration):
    dependencies = [("sync", "0003_fence_as_key")]

    operations = [
        migrations.AddField(model_name="lease", name="waiting_ms", field=models.IntegerField(db_default=0, default=0)),
        migrations.AlterField(
            model_name="lease",
            name="state",
            field=models.CharField(choices=STATES, default="unheld", max_length=10),
        ),
    ]
