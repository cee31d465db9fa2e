"""The host in use of each connection, what is known of its hosts, and why a renewal failed last."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from vendor_admin.organizations.tenancy.rls import protect


class Migration(migrations.Migration):
    dependencies = [("organizations", "0003_second_factor")]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="platform_host",
            field=models.CharField(
                default="",
                editable=False,
                help_text="Host in use, where it is another than the configured: named by the platform or accepted by staff.",
                max_length=300,
            ),
        ),
        migrations.AddField(
            model_name="platformsession",
            name="renewal_failed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="platformsession",
            name="renewal_problem",
            field=models.TextField(default="", help_text="Why the last renewal failed, while the token is good."),
        ),
        migrations.CreateModel(
            name="PlatformHosts",
            fields=[
                (
                    "connection",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="hosts",
                        serialize=False,
                        to="organizations.connection",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="organizations.organization"),
                ),
                ("named", models.JSONField(default=dict, help_text="Hosts that the platform named, by purpose.")),
                ("learned_at", models.DateTimeField(null=True)),
                (
                    "refused",
                    models.JSONField(
                        default=list, help_text="Hosts of the newest answer that are not used: what, why."
                    ),
                ),
                ("refused_at", models.DateTimeField(null=True)),
                (
                    "accepted_by",
                    models.CharField(
                        default="", help_text="Who accepted the host in use, if a person.", max_length=200
                    ),
                ),
                ("wrong_host", models.CharField(default="", max_length=300)),
                ("wrong_status", models.PositiveSmallIntegerField(null=True)),
                ("wrong_at", models.DateTimeField(null=True)),
                ("points_to", models.CharField(default="", max_length=300)),
                ("search_host", models.CharField(default="", max_length=300)),
                ("search_result", models.CharField(default="", max_length=10)),
                ("search_at", models.DateTimeField(null=True)),
            ],
            options={"base_manager_name": "unscoped"},
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("unscoped", django.db.models.manager.Manager()),
            ],
        ),
        protect("organizations_platformhosts"),
        migrations.RunSQL(
            f'GRANT SELECT (platform_host) ON organizations_connection TO "{settings.HUB_ROLE}"',
            migrations.RunSQL.noop,
        ),
    ]
