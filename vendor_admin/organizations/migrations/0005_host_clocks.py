"""Hosts whose clocks differ from the database's."""

from django.db import migrations, models

from vendor_admin.organizations.tenancy.rls import grant


class Migration(migrations.Migration):
    dependencies = [("organizations", "0004_platform_hosts")]

    operations = [
        migrations.CreateModel(
            name="HostClock",
            fields=[
                ("host", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("ahead_seconds", models.FloatField(help_text="Negative: it is behind.")),
                ("measured_at", models.DateTimeField(help_text="By the database's clock.")),
            ],
        ),
        grant("organizations_hostclock"),
    ]
