"""Rows of two organizations in every table, and connections of each role."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection as database

from tests.tenancy.catalog import ALPHA, BRAVO, fill, walled_tables


@pytest.fixture
def app_connection(committed_db: None, database_urls: dict[str, str]) -> Iterator[psycopg.Connection]:
    """A connection of the app role; `app.orgs` is not set."""
    with psycopg.connect(database_urls["app"], autocommit=True) as connection:
        yield connection


@pytest.fixture
def two_organizations(committed_db: None, admin_connection: psycopg.Connection) -> Iterator[list[str]]:
    """One row of each of two organizations in every table behind the wall; returns the tables."""
    admin_connection.execute("SET session_replication_role = replica")
    names = walled_tables(admin_connection)
    for number, slug in ((ALPHA, "alpha"), (BRAVO, "bravo")):
        admin_connection.execute(
            "INSERT INTO organizations_organization (id, slug, name, is_simulated, created_at)"
            " VALUES (%s, %s, %s, false, now())",
            [number, slug, slug.title()],
        )
        for table in names:
            fill(admin_connection, table, organization_id=number)
    yield names
    database.close()
