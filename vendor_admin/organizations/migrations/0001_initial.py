"""Users, organizations, connections and the audit: their tables, policies, rights and functions."""

import uuid

import django.contrib.auth.models
import django.contrib.auth.validators
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.manager
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import vendor_admin.organizations.encryption
from vendor_admin.organizations.tenancy.rls import run_sql
from vendor_admin.schema.table_creation import CreateTables

WALLED = ["auditentry", "connection", "platformhosts", "platformsession"]

# The scalar subselects make the planner read the setting once per statement instead of once per row.
POLICIES = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY in_scope ON {table} TO {app}
    USING (organization_id = ANY ((SELECT nullif(current_setting('app.orgs', true), '')::bigint[])::bigint[]))
    WITH CHECK (organization_id = ANY ((SELECT nullif(current_setting('app.orgs', true), '')::bigint[])::bigint[]));
CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
"""

# An organization is changed by whoever is in its scope, and removed by the owner alone.
ORGANIZATIONS = """
ALTER TABLE organizations_organization ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY all_are_listed ON organizations_organization FOR SELECT TO {app}, {hub} USING (true);
CREATE POLICY new_are_added ON organizations_organization FOR INSERT TO {app} WITH CHECK (true);
CREATE POLICY in_scope ON organizations_organization FOR UPDATE TO {app}
    USING (id = ANY ((SELECT nullif(current_setting('app.orgs', true), '')::bigint[])::bigint[]))
    WITH CHECK (id = ANY ((SELECT nullif(current_setting('app.orgs', true), '')::bigint[])::bigint[]));
CREATE POLICY owner_sees_all ON organizations_organization TO CURRENT_USER USING (true) WITH CHECK (true);
"""

# The hub may read connections, but not their credentials.
CONNECTIONS = """
CREATE POLICY hub_serves_all ON organizations_connection TO {hub} USING (true) WITH CHECK (true);
REVOKE ALL ON organizations_connection FROM {app}, {hub};
GRANT SELECT, INSERT, UPDATE, DELETE ON organizations_connection TO {app};
GRANT SELECT (id, organization_id, environment, rest_url, websocket_url, entity_types, sharding, shard_count,
    is_enabled, version, platform_host) ON organizations_connection TO {hub};
"""

RIGHTS = """
GRANT USAGE ON SCHEMA public TO {app}, {hub};
REVOKE ALL ON organizations_accessentry, organizations_auditentry, organizations_budgetuse, organizations_hostclock,
    organizations_incarnation, organizations_organization, organizations_platformhosts, organizations_platformsession,
    organizations_ratelock, organizations_secondfactormemory, organizations_staffrole, organizations_user
    FROM {app}, {hub};
GRANT SELECT, INSERT, UPDATE, DELETE ON organizations_budgetuse, organizations_hostclock, organizations_platformhosts,
    organizations_platformsession, organizations_ratelock, organizations_secondfactormemory, organizations_staffrole,
    organizations_user TO {app};
GRANT SELECT, INSERT, UPDATE ON organizations_incarnation, organizations_organization TO {app};
GRANT SELECT, INSERT ON organizations_accessentry, organizations_auditentry TO {app};
GRANT SELECT ON organizations_organization TO {hub};
"""

# When something happened says the database. Whoever is the owner may say what a row holds: a restored backup keeps its
# times and its chain.
STAMP = """
CREATE FUNCTION public.organizations_stamp_audit() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF pg_has_role((SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER') THEN
        RETURN NEW;
    END IF;
    NEW.id := nextval(pg_get_serial_sequence(format('%I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME), 'id'));
    NEW.at := clock_timestamp();
    IF TG_TABLE_NAME = 'organizations_auditentry' THEN
        NEW.position := NULL;
        NEW.sealed_at := NULL;
        NEW.digest := NULL;
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION public.organizations_stamp_audit() FROM PUBLIC;
CREATE TRIGGER stamp BEFORE INSERT ON public.organizations_auditentry
    FOR EACH ROW EXECUTE FUNCTION public.organizations_stamp_audit();
CREATE TRIGGER stamp BEFORE INSERT ON public.organizations_accessentry
    FOR EACH ROW EXECUTE FUNCTION public.organizations_stamp_audit();
"""

# A row is sealed after its transaction, by a function of the owner: it gets the next number of its organization and the
# digest of itself and of the row before. Whoever changes or removes a sealed row breaks the chain there.
DIGEST = """
CREATE FUNCTION public.organizations_audit_digest(before bytea, entry public.organizations_auditentry) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256(coalesce(before, ''::bytea) || convert_to(jsonb_build_array(
        entry.organization_id, entry.position, entry.id,
        (extract(epoch FROM entry.at) * 1000000)::bigint, (extract(epoch FROM entry.sealed_at) * 1000000)::bigint,
        entry.actor, entry.actor_kind, entry.actor_id, entry.action, entry.subject, entry.subject_kind,
        entry.subject_id, entry.old, entry.new, entry.reason, entry.request_id, entry.caller_request_id)::text, 'UTF8'))
$$;
REVOKE ALL ON FUNCTION public.organizations_audit_digest(bytea, public.organizations_auditentry) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.organizations_audit_digest(bytea, public.organizations_auditentry) TO {app};
"""

# One transaction at a time seals, so that the numbers of an organization have no gaps. Who comes second does nothing.
SEAL = """
CREATE FUNCTION public.organizations_seal_audit(most integer)
RETURNS TABLE (organization_id bigint, sealed bigint, head bigint, head_digest text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    entry public.organizations_auditentry;
    before public.organizations_auditentry;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('the seal of the audit', 0)) THEN
        RETURN;
    END IF;
    FOR entry IN
        SELECT a.* FROM public.organizations_auditentry AS a WHERE a.position IS NULL
         ORDER BY a.organization_id, a.id LIMIT least(most, 5000)
    LOOP
        IF entry.organization_id IS DISTINCT FROM before.organization_id THEN
            IF sealed > 0 THEN RETURN NEXT; END IF;
            SELECT a.* INTO before FROM public.organizations_auditentry AS a
             WHERE a.organization_id = entry.organization_id AND a.position IS NOT NULL
             ORDER BY a.position DESC LIMIT 1;
            organization_id := entry.organization_id;
            sealed := 0;
        END IF;
        entry.position := coalesce(before.position, 0) + 1;
        entry.sealed_at := clock_timestamp();
        entry.digest := public.organizations_audit_digest(before.digest, entry);
        UPDATE public.organizations_auditentry AS a
           SET position = entry.position, sealed_at = entry.sealed_at, digest = entry.digest WHERE a.id = entry.id;
        sealed := sealed + 1;
        head := entry.position;
        head_digest := encode(entry.digest, 'hex');
        before := entry;
    END LOOP;
    IF sealed > 0 THEN RETURN NEXT; END IF;
END $$;
REVOKE ALL ON FUNCTION public.organizations_seal_audit(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.organizations_seal_audit(integer) TO {app};
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        CreateTables(
            migrations.CreateModel(
                name="User",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("password", models.CharField(max_length=128, verbose_name="password")),
                    ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                    (
                        "is_superuser",
                        models.BooleanField(
                            default=False,
                            help_text="Designates that this user has all permissions without explicitly assigning them.",
                            verbose_name="superuser status",
                        ),
                    ),
                    (
                        "username",
                        models.CharField(
                            error_messages={"unique": "A user with that username already exists."},
                            help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                            max_length=150,
                            unique=True,
                            validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                            verbose_name="username",
                        ),
                    ),
                    ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                    ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                    ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                    (
                        "is_staff",
                        models.BooleanField(
                            default=False,
                            help_text="Designates whether the user can log into this admin site.",
                            verbose_name="staff status",
                        ),
                    ),
                    (
                        "is_active",
                        models.BooleanField(
                            default=True,
                            help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                            verbose_name="active",
                        ),
                    ),
                    (
                        "date_joined",
                        models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined"),
                    ),
                    (
                        "kind",
                        models.CharField(
                            choices=[("operator", "Operator"), ("staff", "Vendor staff"), ("member", "Member")],
                            default="staff",
                            max_length=8,
                        ),
                    ),
                    (
                        "time_zone",
                        models.CharField(
                            default="America/Chicago", help_text="Times are shown in this zone.", max_length=64
                        ),
                    ),
                    (
                        "is_simulated",
                        models.BooleanField(
                            default=False, editable=False, help_text="Made by seed_demo for demo data."
                        ),
                    ),
                    (
                        "session_epoch",
                        models.PositiveIntegerField(
                            default=0,
                            editable=False,
                            help_text="Grows when the second factor changes: that ends all sessions.",
                        ),
                    ),
                    (
                        "verified_email",
                        models.EmailField(
                            editable=False,
                            help_text="The address that was proven to be theirs, in small letters.",
                            max_length=254,
                            null=True,
                            unique=True,
                        ),
                    ),
                    (
                        "groups",
                        models.ManyToManyField(
                            blank=True,
                            help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                            related_name="user_set",
                            related_query_name="user",
                            to="auth.group",
                            verbose_name="groups",
                        ),
                    ),
                    (
                        "user_permissions",
                        models.ManyToManyField(
                            blank=True,
                            help_text="Specific permissions for this user.",
                            related_name="user_set",
                            related_query_name="user",
                            to="auth.permission",
                            verbose_name="user permissions",
                        ),
                    ),
                ],
                options={
                    "verbose_name": "user",
                    "verbose_name_plural": "users",
                    "abstract": False,
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                ("is_staff", False), models.Q(("kind", "member"), _negated=True), _connector="OR"
                            ),
                            name="members_are_never_staff",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("is_superuser", False), ("kind", "operator"), _connector="OR"),
                            name="only_operators_are_superusers",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("username__contains", ":"), _negated=True),
                            name="user_names_hold_no_colon",
                        ),
                    ],
                },
                managers=[
                    ("objects", django.contrib.auth.models.UserManager()),
                ],
            ),
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
                        models.BigIntegerField(
                            default=0, help_text="Time step of the newest code used: none works twice."
                        ),
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
            migrations.CreateModel(
                name="Organization",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "slug",
                        models.SlugField(
                            help_text="Short name in addresses and commands, e.g. alpha-funding.", unique=True
                        ),
                    ),
                    ("name", models.CharField(max_length=200)),
                    (
                        "is_simulated",
                        models.BooleanField(
                            default=False,
                            help_text="Demo data against the sandbox. Removed by `manage.py remove_demo_data`.",
                        ),
                    ),
                    (
                        "billing_account_id",
                        models.BigIntegerField(
                            blank=True,
                            help_text="Platform id of the LIVE account that pays for subscriptions. Empty: the one named …_DATA.",
                            null=True,
                        ),
                    ),
                    (
                        "test_of",
                        models.OneToOneField(
                            blank=True,
                            editable=False,
                            help_text="The firm whose test keys work here, with the sandbox. Made by `manage.py enable_test_mode`.",
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="test_organization",
                            to="organizations.organization",
                        ),
                    ),
                    ("created_at", models.DateTimeField(auto_now_add=True)),
                ],
                options={
                    "ordering": ["name"],
                },
            ),
            migrations.CreateModel(
                name="StaffRole",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "user",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="staff_roles",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "organization",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="staff_roles",
                            to="organizations.organization",
                        ),
                    ),
                    (
                        "role",
                        models.CharField(
                            choices=[
                                ("viewer", "Viewer"),
                                ("support", "Support"),
                                ("risk", "Risk"),
                                ("finance", "Finance"),
                                ("owner", "Owner"),
                            ],
                            default="viewer",
                            max_length=8,
                        ),
                    ),
                    (
                        "role_since",
                        models.DateTimeField(
                            editable=False,
                            help_text="Since when it is this role; empty: since before that was kept.",
                            null=True,
                        ),
                    ),
                ],
                options={
                    "ordering": ["organization__name"],
                    "constraints": [
                        models.UniqueConstraint(fields=("user", "organization"), name="one_role_per_organization")
                    ],
                },
            ),
            migrations.CreateModel(
                name="Connection",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "organization",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="connections",
                            to="organizations.organization",
                        ),
                    ),
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    (
                        "rest_url",
                        models.URLField(
                            help_text="e.g. https://demo.tradovateapi.com/v1",
                            max_length=300,
                            verbose_name="REST address",
                        ),
                    ),
                    (
                        "websocket_url",
                        models.CharField(
                            help_text="e.g. wss://demo.tradovateapi.com/v1/websocket",
                            max_length=300,
                            verbose_name="socket address",
                        ),
                    ),
                    ("credentials", vendor_admin.organizations.encryption.EncryptedJSONField(blank=True, default=dict)),
                    (
                        "entity_types",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=64),
                            blank=True,
                            default=list,
                            help_text="Empty: all types that Vendor Admin mirrors.",
                            size=None,
                        ),
                    ),
                    (
                        "sharding",
                        models.CharField(
                            blank=True,
                            choices=[
                                ("", "One socket"),
                                ("modAccountId", "By account (modAccountId)"),
                                ("modUserId", "By user (modUserId)"),
                            ],
                            default="",
                            max_length=16,
                        ),
                    ),
                    ("shard_count", models.PositiveSmallIntegerField(default=1)),
                    (
                        "is_enabled",
                        models.BooleanField(
                            default=True, help_text="Off: the socket is closed within seconds.", verbose_name="enabled"
                        ),
                    ),
                    ("version", models.PositiveIntegerField(default=1, editable=False)),
                    ("checked_at", models.DateTimeField(editable=False, null=True)),
                    ("check_report", models.JSONField(default=list, editable=False)),
                    ("check_requested_at", models.DateTimeField(editable=False, null=True)),
                    (
                        "platform_host",
                        models.CharField(
                            default="",
                            editable=False,
                            help_text="Host in use, where it is another than the configured: named by the platform or accepted by staff.",
                            max_length=300,
                        ),
                    ),
                    ("created_at", models.DateTimeField(auto_now_add=True)),
                    ("removed_at", models.DateTimeField(editable=False, null=True)),
                ],
                options={
                    "ordering": ["organization", "environment"],
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "environment"), name="one_connection_per_environment"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("shard_count__gte", 1), ("shard_count__lte", 50)),
                            name="between_1_and_50_shards",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("shard_count", 1), models.Q(("sharding", ""), _negated=True), _connector="OR"
                            ),
                            name="several_shards_need_an_expression",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("removed_at__isnull", True),
                                models.Q(("credentials", ""), ("is_enabled", False)),
                                _connector="OR",
                            ),
                            name="a_removed_connection_has_no_secrets",
                        ),
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
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
                    (
                        "last_good",
                        models.CharField(
                            help_text="The connection's platform_host before the present one, until that has worked; null from then on.",
                            max_length=300,
                            null=True,
                        ),
                    ),
                    ("away_host", models.CharField(db_default="", default="", max_length=300)),
                    ("away_why", models.TextField(db_default="", default="")),
                    ("away_at", models.DateTimeField(null=True)),
                    ("away_until", models.DateTimeField(null=True)),
                    ("away_tries", models.PositiveSmallIntegerField(db_default=0, default=0)),
                ],
                options={
                    "base_manager_name": "unscoped",
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="PlatformSession",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "organization",
                        models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="organizations.organization"),
                    ),
                    ("rest_url", models.CharField(max_length=300)),
                    (
                        "credential_digest",
                        models.CharField(
                            help_text="HMAC of user name and key id; identifies, reveals nothing.", max_length=64
                        ),
                    ),
                    ("token", vendor_admin.organizations.encryption.EncryptedJSONField(default=dict)),
                    ("expires_at", models.DateTimeField(null=True)),
                    ("platform_user_id", models.BigIntegerField(null=True)),
                    ("renewing_until", models.DateTimeField(null=True)),
                    ("renewing_holder", models.CharField(default="", max_length=64)),
                    (
                        "refused_reason",
                        models.TextField(
                            default="", help_text="Set when a login was refused: no further login until changed."
                        ),
                    ),
                    ("refused_version", models.PositiveIntegerField(null=True)),
                    (
                        "renewal_problem",
                        models.TextField(default="", help_text="Why the last renewal failed, while the token is good."),
                    ),
                    ("renewal_failed_at", models.DateTimeField(null=True)),
                ],
                options={
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "rest_url", "credential_digest"), name="one_session_per_credential"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="BudgetUse",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("key", models.CharField(max_length=200)),
                    ("used_at", models.DateTimeField()),
                    ("runs_out_at", models.DateTimeField(null=True)),
                ],
                options={
                    "indexes": [models.Index(fields=["key", "used_at"], name="budget_use_key")],
                },
            ),
            migrations.CreateModel(
                name="RateLock",
                fields=[
                    ("key", models.CharField(max_length=200, primary_key=True, serialize=False)),
                    ("until", models.DateTimeField()),
                    ("reason", models.TextField()),
                    ("ticket", vendor_admin.organizations.encryption.EncryptedJSONField(default=dict)),
                ],
            ),
            migrations.CreateModel(
                name="HostClock",
                fields=[
                    ("host", models.CharField(max_length=200, primary_key=True, serialize=False)),
                    ("ahead_seconds", models.FloatField(help_text="Negative: it is behind.")),
                    ("measured_at", models.DateTimeField(help_text="By the database's clock.")),
                ],
            ),
            migrations.CreateModel(
                name="Incarnation",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("token", models.UUIDField(default=uuid.uuid4, unique=True)),
                    (
                        "system_identifier",
                        models.CharField(default="", help_text="Of the server; empty: not told.", max_length=20),
                    ),
                    ("timeline", models.CharField(default="", max_length=8)),
                    ("database_oid", models.CharField(default="", max_length=10)),
                    (
                        "is_first",
                        models.BooleanField(
                            default=False, help_text="The database was new: nothing was unfinished before."
                        ),
                    ),
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
            migrations.CreateModel(
                name="AuditEntry",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "organization",
                        models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="organizations.organization"),
                    ),
                    ("at", models.DateTimeField(auto_now_add=True)),
                    ("actor", models.CharField(help_text="Whoever acted, as people read it.", max_length=200)),
                    ("actor_kind", models.CharField(help_text="staff, member, program or system.", max_length=10)),
                    ("actor_id", models.CharField(help_text="Which one of its kind.", max_length=200)),
                    ("action", models.CharField(max_length=100)),
                    ("subject", models.CharField(help_text="What it is about, as people read it.", max_length=300)),
                    (
                        "subject_kind",
                        models.CharField(
                            db_default="",
                            default="",
                            help_text="plan, operation, reading; empty: nothing with a number.",
                            max_length=20,
                        ),
                    ),
                    (
                        "subject_id",
                        models.CharField(db_default="", default="", help_text="Which one of its kind.", max_length=64),
                    ),
                    ("old", models.JSONField(default=dict)),
                    ("new", models.JSONField(default=dict)),
                    ("reason", models.TextField(default="")),
                    (
                        "request_id",
                        models.CharField(default="", help_text="Ours, made for each request.", max_length=64),
                    ),
                    (
                        "caller_request_id",
                        models.CharField(
                            db_default="",
                            default="",
                            help_text="What the caller sent as X-Request-ID: proves nothing.",
                            max_length=64,
                        ),
                    ),
                    (
                        "position",
                        models.BigIntegerField(
                            editable=False,
                            help_text="Its number in its organization's chain; empty until it is sealed.",
                            null=True,
                        ),
                    ),
                    ("sealed_at", models.DateTimeField(editable=False, null=True)),
                    (
                        "digest",
                        models.BinaryField(
                            help_text="SHA-256 of the digest of the row before and of this row.", null=True
                        ),
                    ),
                ],
                options={
                    "verbose_name_plural": "audit entries",
                    "ordering": ["-id"],
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.CheckConstraint(
                            condition=~models.Q(("actor", ""), ("actor_kind", ""), ("actor_id", ""), _connector="OR"),
                            name="audit_names_somebody",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("subject_id", ""), ("subject_kind", "")),
                                models.Q(
                                    models.Q(("subject_kind", ""), _negated=True),
                                    models.Q(("subject_id", ""), _negated=True),
                                ),
                                _connector="OR",
                            ),
                            name="audit_subject_has_kind_and_id",
                        ),
                    ],
                    "indexes": [
                        models.Index(fields=["organization", "-id"], name="audit_by_organization"),
                        models.Index(
                            condition=models.Q(("position__isnull", True)),
                            fields=["organization", "id"],
                            name="audit_not_sealed",
                        ),
                        models.Index(
                            condition=models.Q(("position__isnull", False)),
                            fields=["organization", "position"],
                            name="audit_chain",
                        ),
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="AccessEntry",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("at", models.DateTimeField(auto_now_add=True)),
                    ("actor", models.CharField(help_text="Whoever acted, as people read it.", max_length=200)),
                    ("actor_kind", models.CharField(help_text="staff, member, program or system.", max_length=10)),
                    ("actor_id", models.CharField(help_text="Which one of its kind.", max_length=200)),
                    ("action", models.CharField(max_length=100)),
                    ("subject", models.CharField(help_text="The user name of the person.", max_length=300)),
                    ("old", models.JSONField(default=dict)),
                    ("new", models.JSONField(default=dict)),
                    ("reason", models.TextField(default="")),
                    ("request_id", models.CharField(default="", max_length=64)),
                    ("caller_request_id", models.CharField(default="", max_length=64)),
                ],
                options={
                    "verbose_name": "change of access",
                    "verbose_name_plural": "changes of access",
                    "ordering": ["-id"],
                    "constraints": [
                        models.CheckConstraint(
                            condition=~models.Q(("actor", ""), ("actor_kind", ""), ("actor_id", ""), _connector="OR"),
                            name="access_names_somebody",
                        ),
                    ],
                },
            ),
        ),
        *(run_sql(POLICIES.replace("{table}", f"organizations_{table}")) for table in WALLED),
        run_sql(ORGANIZATIONS + CONNECTIONS + RIGHTS),
        run_sql(STAMP + DIGEST + SEAL),
    ]
