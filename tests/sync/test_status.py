"""The state of all sockets: as many queries and rows read however much is kept of them, no secrets needed."""

import re
from collections.abc import Callable

import psycopg
import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.sync.stored import Stored
from vendor_admin.organizations.models import Organization
from vendor_admin.sync.status import socket_statuses

GAP = """
INSERT INTO sync_gap (organization_id, lease_id, environment, shard, started_at, ended_at, reason, differences,
                      repair_note)
SELECT %s, %s, 'demo', 0, now(), now(), '', 0, '' FROM generate_series(1, %s::integer) RETURNING id
"""
QUARANTINE = """
INSERT INTO sync_quarantinedevent (organization_id, lease_id, environment, epoch, seq, received_at, entity_type, reason,
                                   is_in_log, raw)
SELECT %s, %s, 'demo', 1, 1, now(), '', '', false, '' FROM generate_series(1, %s::integer) RETURNING id
"""
LEASE = """
INSERT INTO sync_lease (organization_id, connection_id, environment, shard, holder, fence, epoch, state, reason, advice,
                        events_stored, lag_ms)
VALUES (%s, %s, 'demo', 0, '', 0, 0, 'unheld', '', '', 0, 0) RETURNING id
"""
CONNECTION = """
INSERT INTO organizations_connection (organization_id, environment, rest_url, websocket_url, credentials, entity_types,
                                      sharding, shard_count, is_enabled, version, platform_host, check_report,
                                      created_at)
VALUES (%s, 'demo', 'http://x', 'ws://x', 'of another key', '{}', '', 1, true, 1, '', '[]', now()) RETURNING id
"""


@pytest.fixture
def add(committed_db: None, admin_connection: psycopg.Connection, stored: Stored) -> Callable[[str], int]:
    """Add an organization with a socket; returns the socket's lease."""

    def make(slug: str) -> int:
        organization = Organization.objects.create(slug=slug, name=slug)
        (connection,) = stored.rows(CONNECTION, organization.pk)
        (lease,) = stored.rows(LEASE, organization.pk, connection["id"])
        stored.rows(GAP, organization.pk, lease["id"], 2)
        stored.rows(QUARANTINE, organization.pk, lease["id"], 3)
        return int(lease["id"])

    return make


def test_twenty_organizations_take_as_many_queries_as_one(add: Callable[[str], int]) -> None:
    add("vendor-0")
    with CaptureQueriesContext(database) as of_one:
        socket_statuses()
    for number in range(1, 20):
        add(f"vendor-{number}")
    with CaptureQueriesContext(database) as of_twenty:
        statuses = socket_statuses()
    assert [one["organization"] for one in statuses] == sorted(f"vendor-{number}" for number in range(20))
    assert {(one["gaps"], one["quarantined"], one["state"]) for one in statuses} == {(2, 3, "unheld")}
    assert len(of_twenty) == len(of_one)
    selects = [
        query["sql"] for query in of_twenty if query["sql"].startswith("SELECT") and "sync_lease" in query["sql"]
    ]
    assert len(selects) == 1


def test_some_organizations_are_shown_alone(add: Callable[[str], int]) -> None:
    for number in range(3):
        add(f"vendor-{number}")
    shown = socket_statuses(organizations=list(Organization.objects.filter(slug="vendor-1")))
    assert [one["organization"] for one in shown] == ["vendor-1"]
    assert socket_statuses(organizations=[]) == []


def test_counts_follow_what_is_written_and_what_goes_to_the_row(add: Callable[[str], int], stored: Stored) -> None:
    busy, quiet = add("busy"), add("quiet")
    organization = Organization.objects.get(slug="busy").pk
    stored.rows(GAP, organization, busy, 50)
    stored.rows(QUARANTINE, organization, busy, 7)
    stored.rows(
        "DELETE FROM sync_gap WHERE id IN (SELECT id FROM sync_gap WHERE lease_id = %s LIMIT 5) RETURNING id", busy
    )
    stored.rows("DELETE FROM sync_quarantinedevent WHERE lease_id = %s RETURNING id", quiet)
    counts = {one["lease"]: (one["gaps"], one["quarantined"]) for one in socket_statuses()}
    assert counts == {busy: (47, 10), quiet: (2, 0)}
    for table, what in (("sync_gap", "gaps"), ("sync_quarantinedevent", "quarantine")):
        found = stored.rows(f"SELECT lease_id, count(*) AS n FROM {table} GROUP BY 1 ORDER BY 1")  # noqa: S608
        assert found == stored.rows(
            "SELECT lease_id, row_count AS n FROM sync_storedrows WHERE what = %s AND row_count > 0 ORDER BY lease_id",
            what,
        )


@pytest.mark.parametrize("path", ["/syncz", "/metrics"])
def test_a_health_address_asks_little_and_reads_no_table_that_grows(add: Callable[[str], int], path: str) -> None:
    for number in range(3):
        add(f"vendor-{number}")
    with CaptureQueriesContext(database) as queries:
        Client().get(path)
    asked = [one["sql"] for one in queries if one["sql"].startswith("SELECT")]
    assert len(asked) <= 12, asked
    tables = {table for sql in asked for table in re.findall(r'"(sync_\w+)"', sql)}
    assert tables <= {"sync_lease", "sync_storedrows", "sync_queueworker"}
