"""Row level security: the second wall, written once and used by the migrations of every app.

The app role sees the organizations named by the transaction's setting `app.orgs` and nothing where it is unset. The
hub role serves all organizations, by a policy of its own. The owner sees all (data migrations, search function).
"""

from django.conf import settings
from django.db import migrations

# Tables that are read before the organization is known, or that belong to none. A test fails on any other table
# without a policy.
TABLES_WITHOUT_POLICY = {
    "organizations_organization": "slugs are looked up before the organization is known; changed in scope alone",
    "organizations_user": "users sign in before an organization is known, and may work for several",
    "organizations_user_groups": "Django's own relation, not used for rights",
    "organizations_user_user_permissions": "Django's own relation, not used for rights",
    "organizations_staffrole": "tells which organizations a user may see; read at sign-in",
    "organizations_secondfactormemory": "codes are checked at sign-in, before an organization is known",
    "organizations_accessentry": "changes of people's access; operators belong to no organization, and read it alone",
    "organizations_budgetuse": "budgets are per IP address and platform user, shared by all organizations",
    "organizations_ratelock": "locks are per IP address and platform user, shared by all organizations",
    "organizations_hostclock": "clocks are the installation's hosts', shared by all organizations",
    "organizations_incarnation": "the database's own lives, which concern all organizations",
    "sync_hub": "the list of running hubs, which serve all organizations",
    "sync_queueworker": "the workers of background work, which serve all organizations",
    "sync_partitiontrouble": "the log's partitions are shared by all organizations",
    "django_session": "sessions exist before sign-in",
    "django_migrations": "Django's own",
    "django_content_type": "Django's own",
    "django_admin_log": "Django's own, never written: changes go to the audit",
    "auth_group": "Django's own",
    "auth_group_permissions": "Django's own",
    "auth_permission": "Django's own",
    "axes_accessattempt": "failed sign-ins, before an organization is known",
    "axes_accessattemptexpiration": "failed sign-ins, before an organization is known",
    "axes_accessfailurelog": "failed sign-ins, before an organization is known",
    "axes_accesslog": "sign-ins, before an organization is known",
    "mfa_authenticator": "second factors of staff, asked for before an organization is known; secrets are encrypted",
    "account_emailaddress": "django-allauth's own, never written",
    "account_emailconfirmation": "django-allauth's own, never written",
    "django_celery_beat_clockedschedule": "the installation's timetable",
    "django_celery_beat_crontabschedule": "the installation's timetable",
    "django_celery_beat_intervalschedule": "the installation's timetable",
    "django_celery_beat_periodictask": "the installation's timetable",
    "django_celery_beat_periodictasks": "the installation's timetable",
    "django_celery_beat_solarschedule": "the installation's timetable",
}

# The scalar subselects make the planner read the setting once per statement instead of once per row.
IN_SCOPE = "organization_id = ANY ((SELECT nullif(current_setting('app.orgs', true), '')::bigint[])::bigint[])"


def policy_sql(table: str, *, hub: bool = False) -> str:
    """SQL that forces row level security on a table: app scoped, owner free, and the hub free when it may use the
    table.
    """
    statements = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY in_scope ON {table} TO {_quoted(settings.APP_ROLE)} USING ({IN_SCOPE}) WITH CHECK ({IN_SCOPE})",
        f"CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)",
    ]
    if hub:
        statements.append(
            f"CREATE POLICY hub_serves_all ON {table} TO {_quoted(settings.HUB_ROLE)} USING (true) WITH CHECK (true)"
        )
    return ";\n".join(statements) + ";"


def grant_sql(table: str, *, app: str = "", hub: str = "") -> str:
    """SQL that gives exactly these rights (e.g. "SELECT, INSERT") on a table and takes all others away."""
    sql = f"REVOKE ALL ON {table} FROM {_quoted(settings.APP_ROLE)}, {_quoted(settings.HUB_ROLE)};"
    if app:
        sql += f"\nGRANT {app} ON {table} TO {_quoted(settings.APP_ROLE)};"
    if hub:
        sql += f"\nGRANT {hub} ON {table} TO {_quoted(settings.HUB_ROLE)};"
    return sql


def protect(table: str, *, app: str = "SELECT, INSERT, UPDATE, DELETE", hub: str = "") -> migrations.RunSQL:
    """The migration operation that every table of an organization needs: policies and rights."""
    return migrations.RunSQL(
        policy_sql(table, hub=bool(hub)) + "\n" + grant_sql(table, app=app, hub=hub), migrations.RunSQL.noop
    )


def list_all_and_change_in_scope(table: str) -> migrations.RunSQL:
    """The migration operation for the table of organizations: all are listed, new ones added, none changed but those in
    scope.
    """
    app, in_scope = _quoted(settings.APP_ROLE), IN_SCOPE.removeprefix("organization_")
    return migrations.RunSQL(
        f"""ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY all_are_listed ON {table} FOR SELECT TO {app}, {_quoted(settings.HUB_ROLE)} USING (true);
        CREATE POLICY new_are_added ON {table} FOR INSERT TO {app} WITH CHECK (true);
        CREATE POLICY in_scope ON {table} FOR UPDATE TO {app} USING ({in_scope}) WITH CHECK ({in_scope});
        CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);""",
        migrations.RunSQL.noop,
    )


def grant(table: str, *, app: str = "SELECT, INSERT, UPDATE, DELETE", hub: str = "") -> migrations.RunSQL:
    """The migration operation for a table without policy: rights only."""
    return migrations.RunSQL(grant_sql(table, app=app, hub=hub), migrations.RunSQL.noop)


def _quoted(role: str) -> str:
    return '"' + role.replace('"', '""') + '"'
