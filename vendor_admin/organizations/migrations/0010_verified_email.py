"""The e-mail address that a user has proven to be theirs, with which they may sign in."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("organizations", "0013_changes_of_access")]

    operations = [
        migrations.AddField(
            "user",
            "verified_email",
            models.EmailField(
                editable=False,
                help_text="The address that was proven to be theirs, in small letters.",
                max_length=254,
                null=True,
                unique=True,
            ),
        )
    ]
