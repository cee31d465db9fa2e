"""The database for tests whose commits other processes must see."""

import urllib.request

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import connection


@pytest.mark.parametrize("round_number", [1, 2])
def test_a_commit_is_seen_outside_and_gone_in_the_next_test(
    round_number: int, committed_db: None, admin_connection: psycopg.Connection
) -> None:
    assert not Group.objects.filter(name="committed").exists()
    Group.objects.create(name="committed")
    assert admin_connection.execute("SELECT count(*) FROM auth_group").fetchone() == (1,)


def test_what_the_migrations_stored_is_there_again(committed_db: None, admin_connection: psycopg.Connection) -> None:
    assert admin_connection.execute("SELECT count(*) > 0 FROM django_content_type").fetchone() == (True,)


def test_the_web_role_serves_what_a_test_committed(site_url: str) -> None:
    with urllib.request.urlopen(f"{site_url}/livez", timeout=30) as answer:
        assert answer.status == 200


@pytest.mark.django_db
def test_rolled_back_tests_go_on_after_committed_ones() -> None:
    connection.ensure_connection()
    assert Group.objects.count() == 0
