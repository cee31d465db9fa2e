"""Keys of the partner API, saved answers, counts of requests and their log: tables, policies and rights."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models

import vendor_admin.organizations.encryption
from vendor_admin.organizations.tenancy.rls import run_sql
from vendor_admin.schema.table_creation import CreateTables

TABLES = ["apikey", "credentialleak", "externalid", "requestcount", "requestlogentry", "savedanswer"]

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
                name="ApiKey",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("public_id", models.CharField(max_length=40)),
                    ("name", models.CharField(max_length=100)),
                    ("is_test", models.BooleanField(default=False)),
                    ("digest", models.CharField(max_length=64)),
                    (
                        "ending",
                        models.CharField(
                            help_text="The last letters of the key, by which people tell it apart.", max_length=4
                        ),
                    ),
                    ("previous_digest", models.CharField(blank=True, default="", max_length=64)),
                    ("previous_ends_at", models.DateTimeField(blank=True, null=True)),
                    (
                        "scopes",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=40), default=list, size=None
                        ),
                    ),
                    (
                        "allowed_addresses",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=50), blank=True, default=list, size=None
                        ),
                    ),
                    (
                        "version",
                        models.CharField(
                            help_text="The date of the API's version that its answers follow.", max_length=10
                        ),
                    ),
                    ("is_revoked_when_leaked", models.BooleanField(default=False)),
                    ("expires_at", models.DateTimeField(blank=True, null=True)),
                    ("revoked_at", models.DateTimeField(blank=True, null=True)),
                    ("used_at", models.DateTimeField(blank=True, null=True)),
                    ("created_at", models.DateTimeField()),
                    ("created_by", models.CharField(max_length=200)),
                    ("rolled_at", models.DateTimeField(blank=True, null=True)),
                    ("rolled_by", models.CharField(blank=True, default="", max_length=200)),
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
                    "verbose_name": "API key",
                    "ordering": ["-id"],
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("previous_digest", ""), _negated=True),
                            fields=["organization", "previous_digest"],
                            name="api_key_by_previous",
                        )
                    ],
                    "constraints": [
                        models.UniqueConstraint(fields=("organization", "digest"), name="one_row_per_api_key"),
                        models.UniqueConstraint(fields=("organization", "public_id"), name="one_api_key_per_public_id"),
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="CredentialLeak",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("program", models.CharField(help_text="The key's public id, or the client id.", max_length=200)),
                    ("label", models.CharField(max_length=200)),
                    ("day", models.DateField()),
                    ("noted_at", models.DateTimeField()),
                    ("times", models.PositiveIntegerField(default=1)),
                    ("address", models.GenericIPAddressField(null=True)),
                    ("is_ended", models.BooleanField(default=False)),
                    ("handled_at", models.DateTimeField(null=True)),
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
                    "indexes": [models.Index(fields=["organization", "noted_at"], name="credential_leak_by_time")],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "program", "day"), name="one_credential_leak_per_day"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="RequestCount",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("caller", models.CharField(blank=True, default="", max_length=200)),
                    ("minute", models.DateTimeField()),
                    ("count", models.PositiveIntegerField(default=0)),
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
                    "indexes": [models.Index(fields=["organization", "minute"], name="request_count_by_minute")],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "caller", "minute"), name="one_count_per_caller_and_minute"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="RequestLogEntry",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("at", models.DateTimeField()),
                    ("request_id", models.CharField(max_length=64)),
                    ("caller", models.CharField(max_length=200)),
                    ("method", models.CharField(max_length=10)),
                    ("path", models.CharField(max_length=500)),
                    ("query", models.CharField(blank=True, default="", max_length=2000)),
                    ("status", models.PositiveSmallIntegerField()),
                    ("code", models.CharField(blank=True, default="", max_length=60)),
                    ("duration", models.PositiveIntegerField()),
                    ("address", models.GenericIPAddressField(blank=True, null=True)),
                    ("version", models.CharField(blank=True, default="", max_length=10)),
                    ("idempotency_key", models.CharField(blank=True, default="", max_length=255)),
                    ("is_replay", models.BooleanField(default=False)),
                    (
                        "location",
                        models.CharField(
                            blank=True, default="", help_text="What the answer led to: a plan.", max_length=200
                        ),
                    ),
                    ("request_body", models.TextField(blank=True, default="")),
                    ("answer_body", models.TextField(blank=True, default="")),
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
                    "verbose_name": "API request",
                    "ordering": ["-id"],
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "-id"], name="api_request_newest"),
                        models.Index(fields=["organization", "request_id"], name="api_request_by_id"),
                        models.Index(fields=["organization", "caller", "-id"], name="api_request_by_caller"),
                        models.Index(fields=["organization", "status", "-id"], name="api_request_by_status"),
                        models.Index(fields=["organization", "path", "-id"], name="api_request_by_path"),
                        models.Index(fields=["organization", "at"], name="api_request_by_time"),
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="SavedAnswer",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("key", models.CharField(max_length=255)),
                    ("caller", models.CharField(max_length=200)),
                    ("request_digest", models.CharField(max_length=64)),
                    ("status", models.PositiveSmallIntegerField()),
                    ("headers", models.JSONField(default=dict)),
                    (
                        "body",
                        vendor_admin.organizations.encryption.EncryptedJSONField(
                            default=dict, help_text="Encrypted: an answer may hold what is shown once."
                        ),
                    ),
                    ("saved_at", models.DateTimeField()),
                    ("expires_at", models.DateTimeField()),
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
                    "indexes": [models.Index(fields=["organization", "expires_at"], name="saved_answer_by_end")],
                    "constraints": [
                        models.UniqueConstraint(fields=("organization", "key"), name="one_answer_per_idempotency_key")
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="ExternalId",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("kind", models.CharField(choices=[("member", "member"), ("account", "account")], max_length=7)),
                    (
                        "environment",
                        models.CharField(
                            blank=True, choices=[("demo", "DEMO"), ("live", "LIVE")], default="", max_length=4
                        ),
                    ),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("external_id", models.CharField(max_length=200)),
                    ("set_at", models.DateTimeField()),
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
                    "verbose_name": "external id",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "kind", "external_id"), name="one_thing_per_external_id"
                        ),
                        models.UniqueConstraint(
                            fields=("organization", "kind", "environment", "entity_id"),
                            name="one_external_id_per_thing",
                        ),
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
        ),
        *(run_sql(POLICIES.replace("{table}", f"partner_api_{table}")) for table in TABLES),
    ]
