"""Notices, the channels they are told by, and what was told: their tables, policies and rights."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models

import vendor_admin.organizations.encryption
from vendor_admin.organizations.tenancy.rls import run_sql
from vendor_admin.schema.table_creation import CreateTables

TABLES = ["delivery", "eventwebhook", "notice", "noticechannel", "webhookdelivery", "webhookfeed"]

# The scalar subselects make the planner read the setting once per statement instead of once per row.
POLICIES = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY in_scope ON {table} TO {app}
    USING (organization_id = ANY ((SELECT nullif(current_setting('app.orgs', true), '')::bigint[])::bigint[]))
    WITH CHECK (organization_id = ANY ((SELECT nullif(current_setting('app.orgs', true), '')::bigint[])::bigint[]));
CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
REVOKE ALL ON {table} FROM {app}, {hub};
GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {app};
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("organizations", "0001_initial"),
    ]

    operations = [
        CreateTables(
            migrations.CreateModel(
                name="Notice",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "organization",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="organizations.organization",
                        ),
                    ),
                    (
                        "kind",
                        models.CharField(
                            choices=[
                                ("socket_down", "socket down"),
                                ("wrong_host", "host refused or not reached"),
                                ("not_stored", "events are not stored"),
                                ("locked", "captcha or lock"),
                                ("plan_failed", "failed plan"),
                                ("not_sent", "confirmed plan that was not sent"),
                                ("needs_decision", "operation needs a decision"),
                                ("needs_approval", "plan waits for approval"),
                                ("wrong_clock", "wrong clock of a server"),
                                ("restored", "restored database"),
                                ("log_upkeep", "upkeep of the event log"),
                                ("many_absent", "many entities are not listed"),
                                ("no_worker", "queue without a worker"),
                                ("webhook_fails", "webhook fails or is off"),
                                ("key_leaked", "key of the partner API in an address"),
                            ],
                            max_length=16,
                        ),
                    ),
                    (
                        "subject",
                        models.CharField(
                            help_text='What it is about within its kind, e.g. "demo", "plan 12".', max_length=100
                        ),
                    ),
                    ("title", models.CharField(max_length=300)),
                    ("text", models.TextField(default="")),
                    ("next_step", models.TextField(default="")),
                    (
                        "path",
                        models.CharField(default="", help_text="The page of this site to look at.", max_length=300),
                    ),
                    ("seen", models.JSONField(default=dict)),
                    ("opened_at", models.DateTimeField(null=True)),
                    ("times", models.PositiveIntegerField(default=1)),
                    ("acknowledged_at", models.DateTimeField(null=True)),
                    ("acknowledged_by", models.CharField(default="", max_length=200)),
                    ("closed_at", models.DateTimeField(null=True)),
                    (
                        "resolution",
                        models.CharField(default="", help_text="How it ended, in a sentence.", max_length=300),
                    ),
                    (
                        "standing",
                        models.GeneratedField(
                            db_persist=True,
                            expression=models.Case(
                                models.When(opened_at__isnull=True, then=-1),
                                models.When(closed_at__isnull=False, then=0),
                                models.When(acknowledged_at__isnull=False, then=1),
                                default=2,
                            ),
                            help_text="What a list shows first: open, acknowledged, closed. Below 0: has not lasted long enough.",
                            output_field=models.SmallIntegerField(),
                        ),
                    ),
                ],
                options={
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "-standing", "-id"], name="notice_open_first"),
                        models.Index(fields=["organization", "kind", "subject", "-id"], name="notice_by_subject"),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("closed_at__isnull", True)),
                            fields=("organization", "kind", "subject"),
                            name="one_open_notice_per_subject",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("closed_at__isnull", True), ("opened_at__isnull", False), _connector="OR"
                            ),
                            name="what_closed_was_open",
                        ),
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="NoticeChannel",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "organization",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="organizations.organization",
                        ),
                    ),
                    ("medium", models.CharField(choices=[("email", "e-mail"), ("webhook", "webhook")], max_length=7)),
                    (
                        "addresses",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.EmailField(max_length=254), blank=True, default=list, size=None
                        ),
                    ),
                    ("url", models.CharField(default="", max_length=500)),
                    ("secret", vendor_admin.organizations.encryption.EncryptedJSONField(blank=True, default=dict)),
                    ("secret_changed_at", models.DateTimeField(null=True)),
                    (
                        "kinds",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(
                                choices=[
                                    ("socket_down", "socket down"),
                                    ("wrong_host", "host refused or not reached"),
                                    ("not_stored", "events are not stored"),
                                    ("locked", "captcha or lock"),
                                    ("plan_failed", "failed plan"),
                                    ("not_sent", "confirmed plan that was not sent"),
                                    ("needs_decision", "operation needs a decision"),
                                    ("needs_approval", "plan waits for approval"),
                                    ("wrong_clock", "wrong clock of a server"),
                                    ("restored", "restored database"),
                                    ("log_upkeep", "upkeep of the event log"),
                                    ("many_absent", "many entities are not listed"),
                                    ("no_worker", "queue without a worker"),
                                    ("webhook_fails", "webhook fails or is off"),
                                    ("key_leaked", "key of the partner API in an address"),
                                ],
                                max_length=16,
                            ),
                            default=list,
                            size=None,
                        ),
                    ),
                    ("is_enabled", models.BooleanField(default=True)),
                    (
                        "problem",
                        models.CharField(default="", help_text="What the last attempt failed of.", max_length=500),
                    ),
                    ("failing_since", models.DateTimeField(null=True)),
                    ("created_by", models.CharField(max_length=200)),
                    ("created_at", models.DateTimeField()),
                ],
                options={
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [models.Index(fields=["organization", "-id"], name="notice_channel_by_org")],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="Delivery",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "organization",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="organizations.organization",
                        ),
                    ),
                    (
                        "channel",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="deliveries",
                            to="notices.noticechannel",
                        ),
                    ),
                    (
                        "notice",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="deliveries",
                            to="notices.notice",
                        ),
                    ),
                    (
                        "event",
                        models.CharField(
                            choices=[("opened", "opened"), ("resolved", "resolved"), ("test", "test")], max_length=8
                        ),
                    ),
                    ("message_id", models.UUIDField(default=uuid.uuid4)),
                    ("message", models.JSONField(help_text="What it says, fixed when it was made: see messages.py.")),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("waiting", "waiting"),
                                ("sent", "delivered"),
                                ("failed", "given up"),
                                ("superseded", "not needed any more"),
                            ],
                            default="waiting",
                            max_length=10,
                        ),
                    ),
                    ("attempts", models.PositiveIntegerField(default=0)),
                    ("not_before", models.DateTimeField()),
                    ("claimed_by", models.CharField(default="", max_length=32)),
                    ("claimed_until", models.DateTimeField(null=True)),
                    (
                        "outcome",
                        models.CharField(default="", help_text="What the last attempt came to.", max_length=500),
                    ),
                    ("created_at", models.DateTimeField()),
                    ("sent_at", models.DateTimeField(null=True)),
                ],
                options={
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("state", "waiting")), fields=["not_before"], name="delivery_waiting"
                        ),
                        models.Index(fields=["channel", "-id"], name="delivery_by_channel"),
                        models.Index(fields=["notice", "channel", "-id"], name="delivery_by_notice"),
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="EventWebhook",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("url", models.CharField(max_length=500)),
                    ("description", models.CharField(blank=True, default="", max_length=200)),
                    (
                        "event_types",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=80), default=list, size=None
                        ),
                    ),
                    ("is_with_object", models.BooleanField(default=False)),
                    ("secret", vendor_admin.organizations.encryption.EncryptedJSONField(blank=True, default=dict)),
                    ("secret_changed_at", models.DateTimeField(null=True)),
                    ("is_enabled", models.BooleanField(default=True)),
                    ("off_because", models.CharField(blank=True, default="", max_length=500)),
                    (
                        "problem",
                        models.CharField(
                            blank=True, default="", help_text="What the last attempt failed of.", max_length=500
                        ),
                    ),
                    ("failing_since", models.DateTimeField(null=True)),
                    ("arrived_at", models.DateTimeField(help_text="When something last arrived.", null=True)),
                    (
                        "not_before",
                        models.DateTimeField(help_text="Until when nothing is tried, as nothing arrives.", null=True),
                    ),
                    ("tries_in_vain", models.PositiveIntegerField(default=0)),
                    ("from_tx", models.BigIntegerField(default=0)),
                    ("from_id", models.BigIntegerField(default=0)),
                    ("created_by", models.CharField(max_length=200)),
                    ("created_at", models.DateTimeField()),
                    (
                        "organization",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="organizations.organization",
                        ),
                    ),
                ],
                options={
                    "verbose_name": "event webhook",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [models.Index(fields=["organization", "-id"], name="event_webhook_by_org")],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="WebhookDelivery",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("event_id", models.BigIntegerField(null=True)),
                    ("event_type", models.CharField(max_length=80)),
                    ("subject", models.CharField(max_length=120)),
                    ("version", models.BigIntegerField(default=0)),
                    ("message_id", models.UUIDField(default=uuid.uuid4)),
                    ("body", models.TextField()),
                    ("is_resend", models.BooleanField(default=False)),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("waiting", "waiting"),
                                ("sent", "delivered"),
                                ("failed", "given up"),
                                ("withdrawn", "not needed any more"),
                            ],
                            default="waiting",
                            max_length=9,
                        ),
                    ),
                    ("attempts", models.PositiveIntegerField(default=0)),
                    ("not_before", models.DateTimeField()),
                    ("first_failed_at", models.DateTimeField(null=True)),
                    ("claimed_by", models.CharField(blank=True, default="", max_length=32)),
                    ("claimed_until", models.DateTimeField(null=True)),
                    (
                        "outcome",
                        models.CharField(
                            blank=True, default="", help_text="What the last try came to.", max_length=500
                        ),
                    ),
                    ("answers", models.JSONField(default=list)),
                    ("created_at", models.DateTimeField()),
                    ("ended_at", models.DateTimeField(null=True)),
                    (
                        "organization",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="organizations.organization",
                        ),
                    ),
                    (
                        "webhook",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="deliveries",
                            to="notices.eventwebhook",
                        ),
                    ),
                ],
                options={
                    "verbose_name": "webhook delivery",
                    "verbose_name_plural": "webhook deliveries",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("state", "waiting")), fields=["webhook", "id"], name="webhook_waiting"
                        ),
                        models.Index(fields=["webhook", "-id"], name="webhook_delivery_newest"),
                        models.Index(fields=["webhook", "created_at"], name="webhook_delivery_by_time"),
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="WebhookFeed",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("life", models.CharField(max_length=32)),
                    ("tx", models.BigIntegerField(default=0)),
                    ("row_id", models.BigIntegerField(default=0)),
                    ("at", models.DateTimeField()),
                    ("version", models.BigIntegerField(default=0)),
                    (
                        "organization",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="organizations.organization",
                        ),
                    ),
                ],
                options={
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "constraints": [models.UniqueConstraint(fields=("organization",), name="one_webhook_feed")],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
        ),
        *(run_sql(POLICIES.replace("{table}", f"notices_{table}")) for table in TABLES),
    ]
