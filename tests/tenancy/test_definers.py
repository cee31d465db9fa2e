"""Functions that run as the owner do for their callers what they are for, and nothing else."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.support.database import ROLES
from tests.tenancy.definers import definers, weak_definers

# Each takes one thing away that keeps a function safe.
WEAKENED = {
    "ALTER FUNCTION search_members_and_accounts SET search_path = pg_catalog, public": "search_path",
    "ALTER FUNCTION search_members_and_accounts SET search_path = pg_temp, pg_catalog": "search_path",
    "ALTER FUNCTION sync_make_partition SET search_path = pg_catalog": "search_path",
    "ALTER FUNCTION sync_drop_partition RESET ALL": "search_path",
    "GRANT EXECUTE ON FUNCTION sync_drop_partition TO PUBLIC": "PUBLIC",
    "ALTER FUNCTION sync_partition_steps OWNER TO CURRENT_USER": "belongs to",
    "CREATE FUNCTION forgotten() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public"
    " AS 'SELECT count(*) FROM sync_lease'": "write public.sync_lease",
}


@pytest.fixture
def attacker(committed_db: None, database_urls: dict[str, str], admin_connection: psycopg.Connection) -> Iterator:
    """Whoever can run SQL as the app role, on a database that lets it make temporary objects all the same."""
    name = psycopg.conninfo.conninfo_to_dict(database_urls["app"])["dbname"]
    admin_connection.execute(
        psycopg.sql.SQL("GRANT TEMPORARY ON DATABASE {} TO PUBLIC").format(psycopg.sql.Identifier(str(name)))
    )
    with psycopg.connect(database_urls["app"], autocommit=True) as connection:
        yield connection


def test_every_function_of_the_owner_is_out_of_its_callers_reach(
    django_db_setup: None, admin_connection: psycopg.Connection
) -> None:
    assert weak_definers(admin_connection, owner=ROLES["owner"]) == []
    assert len(definers(admin_connection)) >= 4


@pytest.mark.parametrize("statement", WEAKENED)
def test_a_function_that_is_not_is_noticed(
    django_db_setup: None, admin_connection: psycopg.Connection, statement: str
) -> None:
    with admin_connection.transaction(force_rollback=True):
        admin_connection.execute(statement.encode())
        complaints = weak_definers(admin_connection, owner=ROLES["owner"])
    assert any(WEAKENED[statement] in complaint for complaint in complaints), complaints


def test_a_temporary_view_named_like_a_table_runs_no_code_as_the_owner(
    attacker: psycopg.Connection, admin_connection: psycopg.Connection
) -> None:
    attacker.execute("CREATE TEMP TABLE ran_as (who text)")
    attacker.execute("GRANT ALL ON ran_as TO PUBLIC")
    attacker.execute("""
        CREATE FUNCTION pg_temp.caught() RETURNS text LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO pg_temp.ran_as VALUES (current_user); RETURN current_user; END $$""")
    for table in ("mirrors_account", "mirrors_platformuser", "mirrors_contactinfo", "sync_entityevent"):
        columns = admin_connection.execute(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
            [f"public.{table}"],
        ).fetchall()
        parts = [
            f"pg_temp.caught() AS {name}" if name in ("name", "entity_type") else f"NULL::{kind} AS {name}"
            for name, kind in columns
            if name != "organization_id"
        ]
        attacker.execute(
            f"CREATE TEMP VIEW {table} AS SELECT 1::bigint AS organization_id, {', '.join(parts)}".encode()
        )
        attacker.execute(f"GRANT SELECT ON pg_temp.{table} TO PUBLIC".encode())
    attacker.execute("SELECT set_config('app.orgs', '{1}', false)")
    attacker.execute("SELECT * FROM search_members_and_accounts('owner', 10)").fetchall()
    attacker.execute("SELECT * FROM sync_partition_steps(3, 400)").fetchall()
    attacker.execute("SELECT sync_make_partition((now() + interval '9 months')::date)").fetchall()
    assert attacker.execute("SELECT who FROM ran_as").fetchall() == []


@pytest.mark.parametrize("days", [-36_500, 0, 1, 29])
def test_the_retention_of_the_log_cannot_be_talked_down(
    committed_db: None, database_urls: dict[str, str], days: int
) -> None:
    """A month that ended within the last 30 days stays, whatever the caller calls its retention."""
    with psycopg.connect(database_urls["app"], autocommit=True) as app:
        youngest = "(now() AT TIME ZONE 'UTC' - interval '29 days')::date"
        app.execute(f"SELECT sync_make_partition({youngest})".encode())
        with pytest.raises(psycopg.errors.RaiseException, match="not old enough"):
            app.execute(f"SELECT sync_drop_partition({youngest}, %s)".encode(), [days])
        named = app.execute("SELECT step FROM sync_partition_steps(0, %s)", [days]).fetchall()
        assert ("drop",) not in named
