"""The database's own catalogue of tables, policies and rights, and rows of two organizations in every table."""

from typing import Any

import psycopg
from psycopg import sql

from vendor_admin.organizations.tenancy.rls import TABLES_WITHOUT_POLICY

ALPHA, BRAVO = 900_001, 900_002
# A value of each type that any column may hold; checked columns have their own below.
_VALUES = {
    "int2": "1",
    "int4": "1",
    "int8": "1",
    "numeric": "1",
    "float8": "1",
    "bool": "true",
    "text": "demo",
    "varchar": "demo",
    "timestamptz": "2026-11-20T12:00:00+00:00",
    "date": "2026-11-20",
    "time": "17:00",
    "jsonb": "{}",
    "bytea": "\\x00",
    "inet": "127.0.0.1",
    "uuid": "00000000-0000-0000-0000-000000000001",
}


def tables(connection: psycopg.Connection) -> list[str]:
    """Every table of the product but the partitions."""
    query = """
        SELECT c.relname FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
         ORDER BY 1
    """
    return [row[0] for row in connection.execute(query)]


def walled_tables(connection: psycopg.Connection) -> list[str]:
    """The tables whose rows belong to an organization."""
    return [table for table in tables(connection) if table not in TABLES_WITHOUT_POLICY]


def partitions(connection: psycopg.Connection) -> list[str]:
    query = "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY 1"
    return [row[0] for row in connection.execute(query)]


def missing_walls(connection: psycopg.Connection, *, app: str, owner: str, hub: str) -> list[str]:
    """A complaint for each table of an organization that is not behind forced policies, one for each role at most."""
    complaints = []
    for table in walled_tables(connection):
        flags = connection.execute(
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", [table]
        ).fetchone()
        if flags != (True, True):
            complaints.append(f"{table}: row level security is not enabled and forced")
        policies = connection.execute(
            "SELECT policyname, roles::text[], cmd, permissive, qual, with_check FROM pg_policies WHERE tablename = %s",
            [table],
        ).fetchall()
        of_role = {role: [policy for policy in policies if policy[1] == [role]] for role in (app, owner, hub)}
        if sum(map(len, of_role.values())) != len(policies):
            complaints.append(f"{table}: a policy for somebody else")
        if len(of_role[app]) != 1 or len(of_role[owner]) != 1 or len(of_role[hub]) > 1:
            complaints.append(f"{table}: not one policy a role")
        for _, _, command, _, shown, written in of_role[app]:
            if command != "ALL" or any("organization_id = ANY" not in text for text in (shown, written)):
                complaints.append(f"{table}: the app's policy does not ask for the organization")
            if any("current_setting('app.orgs'::text, true)" not in text for text in (shown, written)):
                complaints.append(f"{table}: the app's policy does not ask for the setting")
    return complaints


def fill(connection: psycopg.Connection, table: str, *, organization_id: int) -> None:
    """Insert a row of an organization with a value in every column (as administrator: no checks of references)."""
    connection.execute(insertion(connection, table, organization_id=organization_id))


def insertion(connection: psycopg.Connection, table: str, *, organization_id: int) -> sql.Composed:
    """The INSERT of such a row."""
    columns: list[tuple[str, str]] = connection.execute(
        "SELECT column_name, udt_name FROM information_schema.columns WHERE table_name = %s AND table_schema = 'public'"
        " AND udt_name NOT IN ('xid8') AND is_generated = 'NEVER' ORDER BY ordinal_position",
        [table],
    ).fetchall()
    values: dict[str, Any] = {name: _VALUES.get(kind, "{}") for name, kind in columns}
    values.pop("removed_at", None)  # a removed connection may have no credentials
    values["organization_id"] = organization_id
    for key in ("id", "lease_id", "connection_id", "job_id", "plan_id", "user_id"):
        if key in values and dict(columns)[key] != "uuid":
            values[key] = organization_id
    if "short_id" in values:
        values["short_id"] = organization_id  # unique over all organizations
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(sql.Literal(str(value)) for value in values.values()),
    )


def count(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    assert row is not None
    return int(row[0])
