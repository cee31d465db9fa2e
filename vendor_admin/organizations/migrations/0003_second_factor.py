"""What is remembered of staff's second factors, and the epoch that ends sessions."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from vendor_admin.organizations.tenancy.rls import grant


class Migration(migrations.Migration):
    dependencies = [("organizations", "0002_policies")]

    operations = [
        migrations.CreateModel(
            name="SecondFactorMemory",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="second_factor_memory",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "newest_step",
                    models.BigIntegerField(default=0, help_text="Time step of the newest code used: none works twice."),
                ),
                (
                    "wrong_codes",
                    models.PositiveIntegerField(default=0, help_text="In a row, since the last right one."),
                ),
                ("closed_until", models.DateTimeField(null=True)),
                (
                    "notice",
                    models.TextField(
                        default="", help_text="What the person is told at the next sign-in: who reset it, why."
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="user",
            name="session_epoch",
            field=models.PositiveIntegerField(
                default=0, editable=False, help_text="Grows when the second factor changes: that ends all sessions."
            ),
        ),
        grant("organizations_secondfactormemory"),
    ]
