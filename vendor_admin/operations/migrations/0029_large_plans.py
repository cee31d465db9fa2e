"""Plans that workers preview, start and cancel bit by bit; and rows without indexes that others begin with."""

import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models

import vendor_admin.organizations.encryption
from vendor_admin.organizations.tenancy.rls import protect


class Migration(migrations.Migration):
    dependencies = [
        ("operations", "0027_notice_of_queues"),
        ("organizations", "0011_rights_by_table"),
    ]

    operations = [
        migrations.AddField(
            model_name="plan",
            name="drafted",
            field=models.JSONField(
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                help_text="What the rows previewed so far come to (tally.py), while it is being previewed.",
            ),
        ),
        migrations.AddField(
            model_name="plan",
            name="work_done",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                help_text="How many rows a worker has gone through at what it does with the plan.",
            ),
        ),
        migrations.AddField(
            model_name="plan",
            name="work_total",
            field=models.PositiveIntegerField(
                db_default=0, default=0, help_text="Of how many rows; 0: it does nothing."
            ),
        ),
        migrations.AlterField(
            model_name="operation",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="organizations.organization",
            ),
        ),
        migrations.AlterField(
            model_name="operation",
            name="plan",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="operations",
                to="operations.plan",
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="state",
            field=models.CharField(
                choices=[
                    ("drafting", "being previewed"),
                    ("preview", "preview"),
                    ("stale", "out of date"),
                    ("waiting", "waiting for a second person"),
                    ("held", "waiting for the platform"),
                    ("running", "running"),
                    ("paused", "paused"),
                    ("finished", "finished"),
                    ("cancelled", "cancelled"),
                ],
                default="preview",
                max_length=9,
            ),
        ),
        migrations.AlterField(
            model_name="planrow",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="organizations.organization",
            ),
        ),
        migrations.AlterField(
            model_name="planrow",
            name="plan",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="rows", to="operations.plan"
            ),
        ),
        migrations.CreateModel(
            name="PlanTargets",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first", models.PositiveIntegerField(help_text="The position of the first of their rows.")),
                (
                    "asked",
                    vendor_admin.organizations.encryption.EncryptedJSONField(
                        help_text="The targets (plan_targets.py). Passwords may be among them."
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="organizations.organization"
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="targets",
                        to="operations.plan",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "unscoped",
                "constraints": [models.UniqueConstraint(fields=("plan", "first"), name="targets_once_per_position")],
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("unscoped", django.db.models.manager.Manager()),
            ],
        ),
        protect("operations_plantargets"),
    ]
