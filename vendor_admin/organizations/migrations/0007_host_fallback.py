"""The host that calls fall back to, and the named one that could not be reached."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("organizations", "0006_incarnations")]

    operations = [
        migrations.AddField(
            model_name="platformhosts",
            name="last_good",
            field=models.CharField(
                max_length=300,
                null=True,
                help_text="The connection's platform_host before the present one, until that has worked; null from then on.",
            ),
        ),
        migrations.AddField("platformhosts", "away_host", models.CharField(default="", db_default="", max_length=300)),
        migrations.AddField("platformhosts", "away_why", models.TextField(default="", db_default="")),
        migrations.AddField("platformhosts", "away_at", models.DateTimeField(null=True)),
        migrations.AddField("platformhosts", "away_until", models.DateTimeField(null=True)),
        migrations.AddField("platformhosts", "away_tries", models.PositiveSmallIntegerField(default=0, db_default=0)),
    ]
