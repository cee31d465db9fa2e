"""Exactly the rights of the list, by the catalogue."""

import psycopg

from tests.support.database import ROLES, TEMPLATE
from tests.tenancy.catalog import tables
from tests.tenancy.rights import APP, HUB, SEQUENCES, TABLES_AND_VIEWS, granted, listed


def test_each_role_has_exactly_the_listed_rights_on_each_table(
    django_db_setup: None, admin_connection: psycopg.Connection
) -> None:
    found = granted(admin_connection, kinds=TABLES_AND_VIEWS)
    for table in tables(admin_connection):
        for role, rights in zip(("app", "hub"), listed(table), strict=True):
            assert found.pop((table, ROLES[role]), set()) == rights, f"{role} on {table}: see tests/tenancy/rights.py"
    assert found == {}, "somebody else, or a view or partition, has rights"


def test_the_list_names_no_table_that_is_gone(django_db_setup: None, admin_connection: psycopg.Connection) -> None:
    assert APP.keys() | HUB.keys() <= set(tables(admin_connection))


def test_sequences_are_used_and_never_set(django_db_setup: None, admin_connection: psycopg.Connection) -> None:
    found = granted(admin_connection, kinds=SEQUENCES)
    assert {role for _, role in found} <= {ROLES["app"], ROLES["hub"]}
    assert all(rights == {"USAGE"} for rights in found.values())


def test_the_product_lets_neither_role_make_temporary_tables(
    django_db_setup: None, admin_connection: psycopg.Connection
) -> None:
    """Asked of the database that the product's own commands made: a copy does not take over rights on the whole."""
    for role, may in (("app", False), ("hub", False), ("owner", True)):
        row = admin_connection.execute(
            "SELECT has_database_privilege(%s, %s, 'TEMPORARY')", [ROLES[role], TEMPLATE]
        ).fetchone()
        assert row == (may,), role
