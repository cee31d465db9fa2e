"""Where a member's tokens came from. What was stored before is sent nowhere: those members sign in again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("oauth_bridge", "0005_live_host")]

    operations = [
        migrations.AddField(
            model_name="memberlink",
            name="tokens_origin",
            field=models.CharField(
                default="",
                help_text="Scheme, host and port that gave the tokens; they are sent nowhere else.",
                max_length=320,
            ),
        ),
    ]
