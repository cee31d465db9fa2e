"""The database for tests whose commits other processes must see."""

import urllib.request

import psycopg
import pytest
from django.db import connection

from vendor_admin.organizations.models import Organization


@pytest.mark.parametrize("round_number", [1, 2])
def test_a_commit_is_seen_outside_and_gone_in_the_next_test(
    round_number: int, committed_db: None, admin_connection: psycopg.Connection
) -> None:
    assert not Organization.objects.filter(slug="committed").exists()
    Organization.objects.create(slug="committed", name="Committed")
    assert admin_connection.execute("SELECT count(*) FROM organizations_organization").fetchone() == (1,)


def test_what_the_migrations_stored_is_there_again(committed_db: None, admin_connection: psycopg.Connection) -> None:
    assert admin_connection.execute("SELECT count(*) > 0 FROM django_content_type").fetchone() == (True,)


def test_the_web_role_serves_what_a_test_committed(site_url: str) -> None:
    with urllib.request.urlopen(f"{site_url}/livez", timeout=30) as answer:
        assert answer.status == 200


@pytest.mark.django_db
def test_rolled_back_tests_go_on_after_committed_ones() -> None:
    connection.ensure_connection()
    assert Organization.objects.count() == 0


def test_what_uses_the_database_is_run_again_with_other_servers(
    request: pytest.FixtureRequest, committed_db: None
) -> None:
    assert request.node.get_closest_marker("servers")


def test_what_uses_no_server_is_not_run_again(request: pytest.FixtureRequest) -> None:
    assert not request.node.get_closest_marker("servers")
