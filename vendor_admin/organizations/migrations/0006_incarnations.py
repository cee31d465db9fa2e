"""The lives of the database: restored, promoted or moved ones are told apart."""

import uuid

from django.db import migrations, models

from vendor_admin.organizations.tenancy.rls import grant


class Migration(migrations.Migration):
    dependencies = [("organizations", "0005_host_clocks")]

    operations = [
        migrations.CreateModel(
            name="Incarnation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token", models.UUIDField(default=uuid.uuid4, unique=True)),
                (
                    "system_identifier",
                    models.CharField(default="", help_text="Of the server; empty: not told.", max_length=20),
                ),
                ("timeline", models.CharField(default="", max_length=8)),
                ("database_oid", models.CharField(default="", max_length=10)),
                (
                    "why",
                    models.CharField(help_text="What showed that it is another one, for people.", max_length=300),
                ),
                ("began_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(null=True)),
                (
                    "beat",
                    models.BigIntegerField(
                        default=0, help_text="Grows while workers run: an older state has a smaller one."
                    ),
                ),
                ("beat_at", models.DateTimeField()),
            ],
        ),
        grant("organizations_incarnation", app="SELECT, INSERT, UPDATE"),
    ]
