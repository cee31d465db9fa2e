"""The LIVE host that the platform named for an organization."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("oauth_bridge", "0004_portal_policies")]

    operations = [
        migrations.AddField(
            model_name="platformclient",
            name="live_host",
            field=models.CharField(
                default="",
                editable=False,
                help_text="LIVE host that the platform named, where it is another than that of the REST address.",
                max_length=300,
            ),
        ),
    ]
