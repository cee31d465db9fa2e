from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sync", "0006_held_absences")]

    operations = [
        migrations.AddField(
            model_name="lease",
            name="refused_types",
            field=ArrayField(models.CharField(max_length=64), db_default=[], default=list, size=None),
        ),
    ]
