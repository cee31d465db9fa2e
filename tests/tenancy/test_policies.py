"""The wall in the database: forced policies on every table of an organization, and what each role may do."""

import psycopg
import pytest
from psycopg import sql

from tests.support.database import ROLES
from tests.tenancy.catalog import (
    ALPHA,
    BRAVO,
    count,
    insertion,
    missing_walls,
    partitions,
    tables,
    walled_tables,
)
from vendor_admin.organizations.tenancy.rls import TABLES_WITHOUT_POLICY

NOTED_BY_WORKERS = ("sync_partitiontrouble", "sync_queueworker")
# Of these the app writes a column or two: what people ask of the sync.
ASKED_BY_STAFF = {"sync_lease", "sync_reconciliation"}


def scope(connection: psycopg.Connection, *organization_ids: int) -> None:
    connection.execute("SELECT set_config('app.orgs', %s, false)", ["{" + ",".join(map(str, organization_ids)) + "}"])


def is_refused(connection: psycopg.Connection, statement: str) -> bool:
    try:
        connection.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege:
        return True
    return False


def rights(connection: psycopg.Connection, role: str, table: str) -> set[str]:
    """What a role may do with a whole table or with some of its columns."""
    kinds = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]
    found = set()
    for kind in kinds:
        function = "has_table_privilege" if kind in ("DELETE", "TRUNCATE", "TRIGGER") else "has_any_column_privilege"
        row = connection.execute(f"SELECT {function}(%s, %s, %s)", [role, f'public."{table}"', kind]).fetchone()
        if row and row[0]:
            found.add(kind)
    return found


@pytest.fixture
def admin(django_db_setup: None, admin_connection: psycopg.Connection) -> psycopg.Connection:
    return admin_connection


def test_every_table_of_an_organization_is_behind_forced_policies(admin: psycopg.Connection) -> None:
    assert missing_walls(admin, **ROLES) == []
    assert len(walled_tables(admin)) > 40


def test_tables_without_policy_exist_and_have_a_reason(admin: psycopg.Connection) -> None:
    assert TABLES_WITHOUT_POLICY.keys() <= set(tables(admin))
    assert all(TABLES_WITHOUT_POLICY.values())


def test_no_table_without_policy_holds_rows_of_an_organization(admin: psycopg.Connection) -> None:
    query = "SELECT table_name FROM information_schema.columns WHERE column_name = 'organization_id'"
    owned = {row[0] for row in admin.execute(query)}
    assert owned & TABLES_WITHOUT_POLICY.keys() <= {"organizations_staffrole"}


def test_a_wall_taken_down_is_noticed(admin: psycopg.Connection) -> None:
    statements = [
        "DROP POLICY in_scope ON {}",
        "ALTER TABLE {} DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY",
        "CREATE POLICY open_door ON {} USING (true)",
        "ALTER POLICY in_scope ON {} USING (true)",
        "ALTER POLICY in_scope ON {} WITH CHECK (true)",
    ]
    for statement in statements:
        for table in ("mirrors_account", "sync_entityevent", "organizations_auditentry"):
            with admin.transaction(force_rollback=True):
                admin.execute(sql.SQL(statement).format(sql.Identifier(table)))
                complaints = missing_walls(admin, **ROLES)
            assert complaints, statement
            assert all(complaint.startswith(f"{table}: ") for complaint in complaints)
    assert missing_walls(admin, **ROLES) == []


def test_a_new_table_without_policy_is_noticed(admin: psycopg.Connection) -> None:
    with admin.transaction(force_rollback=True):
        admin.execute("CREATE TABLE forgotten (organization_id bigint)")
        assert any(complaint.startswith("forgotten: ") for complaint in missing_walls(admin, **ROLES))


def test_without_the_setting_no_table_shows_a_row(
    two_organizations: list[str], app_connection: psycopg.Connection
) -> None:
    for table in two_organizations:
        if rights_to_read(app_connection, table):
            assert count(app_connection, table) == 0, table
    app_connection.execute("SET app.orgs = ''")
    assert (
        sum(count(app_connection, table) for table in two_organizations if rights_to_read(app_connection, table)) == 0
    )
    app_connection.execute("SET app.orgs = '{}'")
    assert (
        sum(count(app_connection, table) for table in two_organizations if rights_to_read(app_connection, table)) == 0
    )


def rights_to_read(connection: psycopg.Connection, table: str) -> bool:
    return "SELECT" in rights(connection, ROLES["app"], table)


def test_each_table_shows_the_rows_of_the_organizations_in_scope(
    two_organizations: list[str], app_connection: psycopg.Connection
) -> None:
    for table in two_organizations:
        for ids in ([ALPHA], [BRAVO], [ALPHA, BRAVO]):
            scope(app_connection, *ids)
            query = sql.SQL("SELECT organization_id FROM {} ORDER BY 1").format(sql.Identifier(table))
            assert [row[0] for row in app_connection.execute(query)] == ids, table
        scope(app_connection, 12345)
        assert count(app_connection, table) == 0


def test_these_rows_would_be_seen_without_the_wall(two_organizations: list[str], admin: psycopg.Connection) -> None:
    """The tests above can fail: with the policies off the app role sees both organizations in every table."""
    for table in two_organizations:
        with admin.transaction(force_rollback=True):
            admin.execute(sql.SQL("ALTER TABLE {} DISABLE ROW LEVEL SECURITY").format(sql.Identifier(table)))
            admin.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(ROLES["app"])))
            assert count(admin, table) == 2, table


def test_the_setting_of_a_transaction_ends_with_it(
    two_organizations: list[str], app_connection: psycopg.Connection
) -> None:
    with app_connection.transaction():
        app_connection.execute("SELECT set_config('app.orgs', %s, true)", [f"{{{ALPHA}}}"])
        assert count(app_connection, "mirrors_account") == 1
    assert count(app_connection, "mirrors_account") == 0


def test_the_app_cannot_write_for_another_organization(
    two_organizations: list[str], app_connection: psycopg.Connection, admin: psycopg.Connection
) -> None:
    tried = 0
    for table in two_organizations:
        allowed = rights(admin, ROLES["app"], table)
        scope(app_connection, ALPHA)
        name = sql.Identifier(table)
        if "INSERT" in allowed:
            tried += 1
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                app_connection.execute(insertion(admin, table, organization_id=BRAVO))
        if "UPDATE" in allowed and table not in ASKED_BY_STAFF:
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                app_connection.execute(sql.SQL("UPDATE {} SET organization_id = {}").format(name, BRAVO))
            done = app_connection.execute(
                sql.SQL("UPDATE {} SET organization_id = {} WHERE organization_id = {}").format(name, ALPHA, BRAVO)
            )
            assert done.rowcount == 0, table
        if "DELETE" in allowed:
            done = app_connection.execute(sql.SQL("DELETE FROM {} WHERE organization_id = {}").format(name, BRAVO))
            assert done.rowcount == 0, table
    assert tried >= 3


@pytest.mark.parametrize("prefix", ["mirrors_", "sync_"])
def test_the_app_may_only_read_what_the_sync_writes(committed_db: None, admin: psycopg.Connection, prefix: str) -> None:
    for table in tables(admin):
        if table.startswith(prefix) and table not in NOTED_BY_WORKERS:
            expected = {"SELECT", "UPDATE"} if table in ASKED_BY_STAFF else {"SELECT"}
            assert rights(admin, ROLES["app"], table) == expected, table


def test_the_app_is_refused_everything_else(two_organizations: list[str], app_connection: psycopg.Connection) -> None:
    scope(app_connection, ALPHA)
    refused = [
        "INSERT INTO mirrors_account SELECT * FROM mirrors_account",
        "UPDATE mirrors_account SET name = 'mine'",
        "DELETE FROM mirrors_position",
        "INSERT INTO sync_entityevent SELECT * FROM sync_entityevent",
        "UPDATE sync_entityevent SET payload = '{}'",
        "DELETE FROM sync_entityevent",
        "TRUNCATE sync_entityevent",
        "UPDATE sync_lease SET fence = 99",
        "UPDATE sync_lease SET holder = 'me'",
        "UPDATE sync_reconciliation SET vanished = 0",
        "DELETE FROM sync_quarantinedevent",
        "DELETE FROM sync_batch",
        "UPDATE organizations_auditentry SET actor = 'nobody'",
        "DELETE FROM organizations_auditentry",
        "TRUNCATE organizations_auditentry",
        "ALTER TABLE mirrors_account DISABLE ROW LEVEL SECURITY",
        "DROP POLICY in_scope ON mirrors_account",
        "SELECT * FROM sync_entityevent_default",
        "INSERT INTO sync_entityevent_default SELECT * FROM sync_entityevent",
        "DROP TABLE sync_entityevent_default",
        "SELECT sync_hold_fences('[]')",
        "CREATE TABLE mine (id int)",
        "SET ROLE test_vendor_admin_owner",
        "SET ROLE test_vendor_admin_hub",
        "SET session_replication_role = replica",
    ]
    for statement in refused:
        assert is_refused(app_connection, statement), statement


def test_nobody_but_the_owner_has_rights_on_a_partition(committed_db: None, admin: psycopg.Connection) -> None:
    admin.execute("SELECT sync_make_partition((now() + interval '6 months')::date)")
    assert len(partitions(admin)) >= 5
    for table in partitions(admin):
        assert not rights(admin, ROLES["app"], table)
        assert not rights(admin, ROLES["hub"], table)


def test_the_app_makes_and_drops_partitions_only_through_the_upkeep(
    committed_db: None, app_connection: psycopg.Connection, admin: psycopg.Connection
) -> None:
    before = set(partitions(admin))
    app_connection.execute("SELECT sync_make_partition((now() + interval '8 months')::date)")
    assert len(partitions(admin)) > len(before)
    for beyond in (
        "SELECT sync_make_partition('2240-01-01')",
        "SELECT sync_drop_partition((now() - interval '2 months')::date, 100)",
        "SELECT sync_drop_partition(now()::date, 0)",
    ):
        with pytest.raises(psycopg.errors.RaiseException):
            app_connection.execute(beyond.encode())


def test_the_hub_is_refused_everything_else(two_organizations: list[str], hub_connection: psycopg.Connection) -> None:
    refused = [
        "SELECT credentials FROM organizations_connection",
        "SELECT * FROM organizations_connection",
        "UPDATE organizations_connection SET rest_url = 'http://elsewhere'",
        "SELECT token FROM organizations_platformsession",
        "SELECT 1 FROM organizations_user",
        "SELECT 1 FROM organizations_staffrole",
        "SELECT 1 FROM organizations_auditentry",
        "SELECT 1 FROM organizations_ratelock",
        "SELECT 1 FROM django_session",
        "UPDATE sync_entityevent SET payload = '{}'",
        "DELETE FROM sync_entityevent",
        "TRUNCATE sync_entityevent",
        "DELETE FROM mirrors_account",
        "SELECT * FROM sync_entityevent_default",
        "SELECT sync_make_partition(now()::date)",
        "SELECT sync_drop_partition('2020-01-01', 100)",
        "CREATE TABLE mine (id int)",
        "SET ROLE test_vendor_admin_owner",
    ]
    for statement in refused:
        assert is_refused(hub_connection, statement), statement


def test_the_hub_has_rights_only_on_what_it_keeps(committed_db: None, admin: psycopg.Connection) -> None:
    for table in tables(admin):
        allowed = rights(admin, ROLES["hub"], table)
        if table.startswith(("mirrors_", "sync_")) and table not in NOTED_BY_WORKERS:
            assert "SELECT" in allowed, table
        elif table in ("organizations_connection", "organizations_organization"):
            assert allowed == {"SELECT"}, table
        else:
            assert not allowed, table


def test_the_hub_serves_all_organizations(two_organizations: list[str], hub_connection: psycopg.Connection) -> None:
    for table in two_organizations:
        if table.startswith(("mirrors_", "sync_")):
            assert count(hub_connection, table) == 2, table
