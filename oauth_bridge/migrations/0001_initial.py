"""Members' sign-in and portals: their tables, policies and rights. The hub has no business with any of them."""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.manager
from django.conf import settings
from django.db import migrations, models

import vendor_admin.organizations.encryption
from vendor_admin.organizations.tenancy.rls import run_sql
from vendor_admin.schema.table_creation import CreateTables

TABLES = [
    "memberlink",
    "membersession",
    "membersite",
    "platformclient",
    "portal",
    "portalcode",
    "portalconsent",
    "portalrefreshtoken",
    "portaltoken",
    "signinattempt",
    "signingkey",
]

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
                name="PlatformClient",
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("client_id", models.CharField(max_length=200, verbose_name="client id")),
                    ("secret", vendor_admin.organizations.encryption.EncryptedJSONField(default=dict)),
                    ("authorize_url", models.CharField(max_length=300, verbose_name="sign-in address")),
                    ("exchange_url", models.CharField(max_length=300, verbose_name="exchange address")),
                    ("rest_url", models.CharField(max_length=300, verbose_name="REST address")),
                    (
                        "encoding",
                        models.CharField(
                            choices=[("form", "Form fields"), ("json", "JSON")],
                            default="form",
                            max_length=4,
                            verbose_name="exchange sends",
                        ),
                    ),
                    (
                        "live_host",
                        models.CharField(
                            default="",
                            editable=False,
                            help_text="LIVE host that the platform named, where it is another than that of the REST address.",
                            max_length=300,
                        ),
                    ),
                    ("is_enabled", models.BooleanField(default=True, verbose_name="enabled")),
                    ("worked_at", models.DateTimeField(editable=False, null=True)),
                    ("problem", models.TextField(default="", editable=False)),
                    ("problem_at", models.DateTimeField(editable=False, null=True)),
                ],
                options={
                    "verbose_name": "sign-in client",
                    "ordering": ["-environment"],
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "environment"), name="one_client_per_environment"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="MemberSite",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "organization",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="organizations.organization",
                        ),
                    ),
                    ("title", models.CharField(blank=True, max_length=80, verbose_name="name on the pages")),
                    (
                        "colour",
                        models.CharField(
                            default="#1d4f91",
                            max_length=7,
                            validators=[
                                django.core.validators.RegexValidator("^#[0-9a-f]{6}\\Z", "Write it as #1d4f91.")
                            ],
                        ),
                    ),
                    ("logo", models.BinaryField(default=b"")),
                    ("logo_type", models.CharField(default="", editable=False, max_length=20)),
                    ("help_text", models.CharField(blank=True, max_length=300, verbose_name="whom members ask")),
                    ("changed_at", models.DateTimeField(auto_now=True)),
                ],
                options={
                    "verbose_name": "look of the member pages",
                    "verbose_name_plural": "looks of the member pages",
                    "base_manager_name": "unscoped",
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="SignInAttempt",
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("state_digest", models.CharField(max_length=64)),
                    ("browser_digest", models.CharField(max_length=64)),
                    ("verifier", vendor_admin.organizations.encryption.EncryptedJSONField(default=dict)),
                    ("next_address", models.CharField(default="", max_length=2000)),
                    ("started_at", models.DateTimeField()),
                    ("expires_at", models.DateTimeField()),
                    ("used_at", models.DateTimeField(null=True)),
                ],
                options={
                    "base_manager_name": "unscoped",
                    "indexes": [models.Index(fields=["organization", "started_at"], name="attempt_by_age")],
                    "constraints": [
                        models.UniqueConstraint(fields=("organization", "state_digest"), name="one_attempt_per_state")
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="MemberLink",
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("platform_user_id", models.BigIntegerField(verbose_name="platform user id")),
                    (
                        "user",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="member_link",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("linked", "Linked"),
                                ("needs_sign_in", "Needs sign-in"),
                                ("disconnected", "Disconnected"),
                            ],
                            default="linked",
                            max_length=13,
                        ),
                    ),
                    ("tokens", vendor_admin.organizations.encryption.EncryptedJSONField(default=dict)),
                    (
                        "tokens_origin",
                        models.CharField(
                            default="",
                            help_text="Scheme, host and port that gave the tokens; they are sent nowhere else.",
                            max_length=320,
                        ),
                    ),
                    ("access_expires_at", models.DateTimeField(null=True)),
                    ("refresh_expires_at", models.DateTimeField(null=True)),
                    ("renew_at", models.DateTimeField(null=True)),
                    ("renewing_until", models.DateTimeField(null=True)),
                    ("renewing_holder", models.CharField(default="", max_length=32)),
                    ("refusals", models.PositiveSmallIntegerField(default=0)),
                    ("problem", models.TextField(default="")),
                    ("name", models.CharField(default="", max_length=200)),
                    ("full_name", models.CharField(default="", max_length=200)),
                    ("email", models.CharField(default="", max_length=254)),
                    ("email_verified", models.BooleanField(default=False)),
                    ("identity_at", models.DateTimeField(null=True)),
                    ("linked_at", models.DateTimeField()),
                    ("signed_in_at", models.DateTimeField()),
                ],
                options={
                    "verbose_name": "linked member",
                    "base_manager_name": "unscoped",
                    "indexes": [models.Index(fields=["organization", "renew_at"], name="link_by_renewal")],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "environment", "platform_user_id"),
                            name="one_link_per_platform_user",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("state__in", ["needs_sign_in", "disconnected"]), _negated=True),
                                ("tokens", ""),
                                _connector="OR",
                            ),
                            name="only_a_linked_member_has_tokens",
                        ),
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="MemberSession",
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
                        "link",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="sessions",
                            to="oauth_bridge.memberlink",
                        ),
                    ),
                    ("key_digest", models.CharField(max_length=64)),
                    ("browser", models.CharField(default="", max_length=100)),
                    ("address", models.GenericIPAddressField(null=True)),
                    ("started_at", models.DateTimeField()),
                    ("seen_at", models.DateTimeField()),
                    ("expires_at", models.DateTimeField()),
                    ("ended_at", models.DateTimeField(null=True)),
                ],
                options={
                    "ordering": ["-id"],
                    "base_manager_name": "unscoped",
                    "indexes": [models.Index(fields=["organization", "expires_at"], name="session_by_end")],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="SigningKey",
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
                    ("kid", models.CharField(max_length=64)),
                    ("private", vendor_admin.organizations.encryption.EncryptedJSONField(default=dict)),
                    ("made_at", models.DateTimeField()),
                    ("retired_at", models.DateTimeField(null=True)),
                ],
                options={
                    "ordering": ["-id"],
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(fields=("organization", "kid"), name="one_signing_key_per_kid")
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="Portal",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
                    (
                        "redirect_uris",
                        models.TextField(
                            blank=True, help_text="Allowed URIs list, space separated", verbose_name="redirect URIs"
                        ),
                    ),
                    ("created", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                    ("updated", models.DateTimeField(auto_now=True, verbose_name="updated")),
                    (
                        "organization",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="organizations.organization",
                        ),
                    ),
                    ("client_id", models.CharField(max_length=40, verbose_name="client id")),
                    ("client_secret", models.CharField(max_length=64, verbose_name="secret")),
                    (
                        "authorization_grant_type",
                        models.CharField(
                            choices=[
                                ("authorization-code", "Signs members in"),
                                ("client-credentials", "Uses the partner API"),
                            ],
                            max_length=32,
                            verbose_name="kind",
                        ),
                    ),
                    ("name", models.CharField(max_length=80)),
                    (
                        "scopes",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=40), default=list, size=None
                        ),
                    ),
                    ("is_enabled", models.BooleanField(default=True, verbose_name="enabled")),
                    ("secret_made_at", models.DateTimeField()),
                    ("secret_made_by", models.CharField(max_length=200)),
                    ("used_at", models.DateTimeField(null=True)),
                ],
                options={
                    "ordering": ["name"],
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(fields=("organization", "client_id"), name="one_portal_per_client_id"),
                        models.UniqueConstraint(fields=("organization", "name"), name="one_portal_per_name"),
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="PortalConsent",
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
                        "portal",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="consents",
                            to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
                        ),
                    ),
                    (
                        "link",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="consents",
                            to="oauth_bridge.memberlink",
                        ),
                    ),
                    (
                        "scopes",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=40), default=list, size=None
                        ),
                    ),
                    ("granted_at", models.DateTimeField()),
                    ("used_at", models.DateTimeField(null=True)),
                    ("ended_at", models.DateTimeField(null=True)),
                ],
                options={
                    "ordering": ["-id"],
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("ended_at", None)),
                            fields=("organization", "portal", "link"),
                            name="one_consent_per_member",
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="PortalCode",
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
                        "portal",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="codes",
                            to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
                        ),
                    ),
                    (
                        "consent",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="codes",
                            to="oauth_bridge.portalconsent",
                        ),
                    ),
                    ("digest", models.CharField(max_length=64)),
                    ("family", models.UUIDField()),
                    (
                        "scopes",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=40), default=list, size=None
                        ),
                    ),
                    ("redirect_uri", models.CharField(max_length=500)),
                    ("code_challenge", models.CharField(max_length=128)),
                    ("nonce", models.CharField(default="", max_length=255)),
                    ("signed_in_at", models.DateTimeField()),
                    ("expires_at", models.DateTimeField()),
                    ("used_at", models.DateTimeField(null=True)),
                ],
                options={
                    "base_manager_name": "unscoped",
                    "indexes": [models.Index(fields=["organization", "expires_at"], name="portal_code_by_end")],
                    "constraints": [
                        models.UniqueConstraint(fields=("organization", "digest"), name="one_row_per_portal_code")
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="PortalToken",
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
                        "portal",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="tokens",
                            to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
                        ),
                    ),
                    (
                        "consent",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="tokens",
                            to="oauth_bridge.portalconsent",
                        ),
                    ),
                    ("family", models.UUIDField()),
                    ("digest", models.CharField(max_length=64)),
                    (
                        "scopes",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=40), default=list, size=None
                        ),
                    ),
                    ("made_at", models.DateTimeField()),
                    ("expires_at", models.DateTimeField()),
                ],
                options={
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "expires_at"], name="portal_token_by_end"),
                        models.Index(fields=["organization", "family"], name="portal_token_by_family"),
                    ],
                    "constraints": [
                        models.UniqueConstraint(fields=("organization", "digest"), name="one_row_per_portal_token")
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="PortalRefreshToken",
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
                        "portal",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="refresh_tokens",
                            to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
                        ),
                    ),
                    (
                        "consent",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="refresh_tokens",
                            to="oauth_bridge.portalconsent",
                        ),
                    ),
                    ("family", models.UUIDField()),
                    ("digest", models.CharField(max_length=64)),
                    (
                        "scopes",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=40), default=list, size=None
                        ),
                    ),
                    ("made_at", models.DateTimeField()),
                    ("expires_at", models.DateTimeField()),
                    ("used_at", models.DateTimeField(null=True)),
                    ("ended_at", models.DateTimeField(null=True)),
                ],
                options={
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "expires_at"], name="portal_refresh_by_end"),
                        models.Index(fields=["organization", "family"], name="portal_refresh_by_family"),
                    ],
                    "constraints": [
                        models.UniqueConstraint(fields=("organization", "digest"), name="one_row_per_refresh_token")
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="NotKept",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                ],
                options={
                    "managed": False,
                },
            ),
        ),
        *(run_sql(POLICIES.replace("{table}", f"oauth_bridge_{table}")) for table in TABLES),
    ]
