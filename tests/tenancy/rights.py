"""The exact rights of the app role and the hub role on every table. A new table, or a new right, is added here by hand:
whoever adds one thinks about who has to write it."""

import psycopg

READ = "SELECT"
ADD = "SELECT, INSERT"
KEEP = "SELECT, INSERT, UPDATE"
ALL = "SELECT, INSERT, UPDATE, DELETE"

APP = {
    **dict.fromkeys(
        (
            "django_migrations",
            "django_content_type",
            "auth_group",
            "auth_group_permissions",
            "auth_permission",
            "account_emailconfirmation",
            "django_celery_beat_clockedschedule",
            "django_celery_beat_solarschedule",
            "sync_batch",
            "sync_entityevent",
            "sync_gap",
            "sync_hub",
            "sync_quarantinedevent",
            "sync_readingplace",
            "sync_serviceevent",
            "sync_storedrows",
        ),
        READ,
    ),
    **dict.fromkeys(
        (
            "django_admin_log",
            "account_emailaddress",
            "organizations_user_groups",
            "organizations_user_user_permissions",
        ),
        "SELECT, DELETE",
    ),
    "organizations_accessentry": ADD,
    "organizations_auditentry": ADD,
    "organizations_incarnation": KEEP,
    "organizations_organization": KEEP,
    "operations_lane": KEEP,
    "operations_operation": KEEP,
    "operations_plan": KEEP,
    "operations_planrow": KEEP,
    "sync_lease": "SELECT, UPDATE (reconcile_requested_at), UPDATE (retry_requested_at)",
    "sync_reconciliation": "SELECT, UPDATE (confirmed_at)",
    **dict.fromkeys(
        (
            "axes_accessattempt",
            "axes_accessattemptexpiration",
            "axes_accessfailurelog",
            "axes_accesslog",
            "django_celery_beat_crontabschedule",
            "django_celery_beat_intervalschedule",
            "django_celery_beat_periodictask",
            "django_celery_beat_periodictasks",
            "django_session",
            "mfa_authenticator",
            "oauth_bridge_memberlink",
            "oauth_bridge_membersession",
            "oauth_bridge_membersite",
            "oauth_bridge_platformclient",
            "oauth_bridge_portal",
            "oauth_bridge_portalcode",
            "oauth_bridge_portalconsent",
            "oauth_bridge_portalrefreshtoken",
            "oauth_bridge_portaltoken",
            "oauth_bridge_signinattempt",
            "oauth_bridge_signingkey",
            "operations_approvalrule",
            "notices_delivery",
            "notices_eventwebhook",
            "notices_notice",
            "notices_noticechannel",
            "notices_webhookdelivery",
            "notices_webhookfeed",
            "operations_plantargets",
            "operations_frontmonth",
            "operations_readjob",
            "operations_readjobrow",
            "organizations_budgetuse",
            "organizations_connection",
            "organizations_hostclock",
            "organizations_platformhosts",
            "organizations_platformsession",
            "organizations_ratelock",
            "organizations_secondfactormemory",
            "organizations_staffrole",
            "organizations_user",
            "partner_api_apikey",
            "partner_api_credentialleak",
            "partner_api_externalid",
            "partner_api_requestcount",
            "partner_api_requestlogentry",
            "partner_api_savedanswer",
            "sync_partitiontrouble",
            "sync_queueworker",
        ),
        ALL,
    ),
}

CONNECTION_COLUMNS = (
    "entity_types",
    "environment",
    "id",
    "is_enabled",
    "organization_id",
    "platform_host",
    "rest_url",
    "shard_count",
    "sharding",
    "version",
    "websocket_url",
)
HUB = {
    "organizations_organization": READ,
    "organizations_connection": ", ".join(f"SELECT ({column})" for column in CONNECTION_COLUMNS),
    "sync_batch": "SELECT, INSERT, DELETE",
    "sync_entityevent": ADD,
    "sync_gap": KEEP,
    "sync_hub": ALL,
    "sync_lease": ALL,
    "sync_quarantinedevent": ADD,
    "sync_readingplace": KEEP,
    "sync_reconciliation": KEEP,
    "sync_serviceevent": READ,
    "sync_storedrows": "SELECT, UPDATE (left_out)",
}

GRANTED = """
    SELECT c.relname, coalesce(r.rolname, 'PUBLIC'), a.privilege_type
      FROM pg_class c CROSS JOIN aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = ANY (%(kinds)s) AND a.grantee <> c.relowner
    UNION ALL
    SELECT c.relname, coalesce(r.rolname, 'PUBLIC'), a.privilege_type || ' (' || t.attname || ')'
      FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid CROSS JOIN aclexplode(t.attacl) a
      LEFT JOIN pg_roles r ON r.oid = a.grantee
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = ANY (%(kinds)s) AND a.grantee <> c.relowner
"""
TABLES_AND_VIEWS, SEQUENCES = list("rpvmf"), ["S"]


def listed(table: str) -> tuple[set[str], set[str]]:
    """The rights that app and hub should have."""
    if table.startswith("mirrors_"):
        return _split(READ), _split(KEEP)
    return _split(APP.get(table, "")), _split(HUB.get(table, ""))


def granted(connection: psycopg.Connection, *, kinds: list[str]) -> dict[tuple[str, str], set[str]]:
    """(table or sequence, role) -> what was granted, column by column; the owner's own rights left out."""
    found: dict[tuple[str, str], set[str]] = {}
    for name, role, right in connection.execute(GRANTED, {"kinds": kinds}):
        found.setdefault((name, role), set()).add(right)
    return found


def _split(text: str) -> set[str]:
    return {part for part in text.split(", ") if part}
