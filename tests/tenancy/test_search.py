"""The search function: the organizations in scope and no other, whatever is asked, by the trigram indexes."""

import psycopg
import pytest

from tests.tenancy.catalog import ALPHA, BRAVO

MANY = 20_000


@pytest.fixture
def many_names(committed_db: None, admin_connection: psycopg.Connection) -> psycopg.Connection:
    """20,000 members and as many accounts, in two organizations; only the second has names with Zebulon."""
    common = "organization_id, environment, entity_id, lease_id, epoch, seq, received_at"
    for organization_id, word in ((ALPHA, "Trader"), (BRAVO, "Zebulon")):
        for table, extra in (("account", "name"), ("platformuser", "name, email")):
            text = "%s || md5(n::text)" if extra == "name" else "%s || md5(n::text), md5(n::text) || '@example.com'"
            admin_connection.execute(
                f"INSERT INTO mirrors_{table} ({common}, {extra})"  # noqa: S608
                f" SELECT %s, 'demo', %s + n, 1, 1, n, now(), {text} FROM generate_series(1, %s) n".encode(),
                [organization_id, organization_id * 100_000, word, MANY // 2],
            )
        admin_connection.execute(
            f"INSERT INTO mirrors_contactinfo ({common}, user_id, first_name, last_name)"  # noqa: S608
            " SELECT %s, 'demo', %s + n, 1, 1, n, now(), %s + n, %s, 'Contact' FROM generate_series(1, 5) n".encode(),
            [organization_id, organization_id * 100_000, organization_id * 100_000, word],
        )
    # As autovacuum does before long: the planner shuns a GIN index whose newest entries still wait to be sorted in.
    admin_connection.execute("VACUUM (ANALYZE) mirrors_account, mirrors_platformuser, mirrors_contactinfo")
    return admin_connection


def search(connection: psycopg.Connection, words: str, limit: int = 50) -> list[tuple[str, int]]:
    return connection.execute(
        "SELECT kind, entity_id FROM search_members_and_accounts(%s, %s)", [words, limit]
    ).fetchall()


def owner_of(entity_id: int) -> int:
    return entity_id // 100_000


def test_search_finds_only_what_belongs_to_the_scope_whatever_is_asked(
    many_names: psycopg.Connection, app_connection: psycopg.Connection
) -> None:
    asked = [
        "zebulon",
        "Zebulon",
        "%",
        "_",
        "\\",
        "' OR true --",
        "example.com",
        "e",
        "contact",
        str(BRAVO * 100_000 + 1),
        f"{{{BRAVO}}}",
        "",
        "*",
        "Zebulonc4ca4238",
    ]
    app_connection.execute("SELECT set_config('app.orgs', %s, false)", [f"{{{ALPHA}}}"])
    for words in asked:
        assert {owner_of(entity_id) for _, entity_id in search(app_connection, words, 100_000)} <= {ALPHA}, words
    app_connection.execute("SELECT set_config('app.orgs', %s, false)", [f"{{{BRAVO}}}"])
    assert {owner_of(entity_id) for _, entity_id in search(app_connection, "zebulon")} == {BRAVO}
    assert search(app_connection, str(BRAVO * 100_000 + 1))[0][1] == BRAVO * 100_000 + 1
    assert not [found for found in search(app_connection, "trader") if owner_of(found[1]) == ALPHA]


def test_search_without_a_scope_finds_nothing(
    many_names: psycopg.Connection, app_connection: psycopg.Connection
) -> None:
    for setting in (None, "", "{}"):
        if setting is not None:
            app_connection.execute("SELECT set_config('app.orgs', %s, false)", [setting])
        assert search(app_connection, "trader") == []
        assert search(app_connection, "e") == []


def test_search_cannot_be_led_astray_by_objects_of_the_caller(
    many_names: psycopg.Connection, app_connection: psycopg.Connection
) -> None:
    app_connection.execute("SELECT set_config('app.orgs', %s, false)", [f"{{{ALPHA}}}"])
    app_connection.execute("SELECT set_config('search_path', 'pg_temp, public', false)")
    assert {owner_of(entity_id) for _, entity_id in search(app_connection, "zebulon")} <= {ALPHA}
    row = many_names.execute(
        "SELECT prosecdef, proconfig, has_function_privilege('public', oid, 'EXECUTE') FROM pg_proc"
        " WHERE proname = 'search_members_and_accounts'"
    ).fetchone()
    assert row is not None
    is_definer, configuration, is_public = row
    assert is_definer
    assert any(entry.startswith("search_path=pg_catalog") for entry in configuration)
    assert not is_public


def test_search_uses_the_trigram_indexes(many_names: psycopg.Connection) -> None:
    """Plans of the statements inside the function, which runs as its owner whoever calls it."""
    plans: list[str] = []
    many_names.add_notice_handler(lambda notice: plans.append(notice.message_primary or ""))
    many_names.execute("LOAD 'auto_explain'")
    for setting in ("log_min_duration = 0", "log_nested_statements = on"):
        many_names.execute(f"SET auto_explain.{setting}".encode())
    many_names.execute("SET client_min_messages = log")
    many_names.execute("SELECT set_config('app.orgs', %s, false)", [f"{{{ALPHA}}}"])
    assert search(many_names, "Traderc4ca4238")
    plan = "\n".join(plans)
    for index in ("account_name_searchable", "platformuser_name_searchable", "platformuser_email_searchable"):
        assert index in plan, plan
    assert "Seq Scan on mirrors_account" not in plan
    assert "Seq Scan on mirrors_platformuser" not in plan
