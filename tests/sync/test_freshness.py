"""When rows count as fresh: live sockets that store what they hear, gaps that were read, comparisons not long ago."""

import psycopg
import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from vendor_admin.organizations.models import Connection, Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync.freshness import Sockets, freshness

LEASE = """
INSERT INTO sync_lease (organization_id, connection_id, environment, shard, holder, fence, epoch, state, reason, advice,
                        events_stored, lag_ms, expires_at, last_frame_at, covered_until, settled_at, reconciled_at)
VALUES (%s, %s, 'demo', %s, 'hub', 1, 1, 'live', '', '', 0, 0, now() + interval '1 hour', now(), now(), now(), now())
"""
GAP = """
INSERT INTO sync_gap (organization_id, lease_id, environment, shard, started_at, ended_at, settled_at, repaired_at,
                      reason, differences, repair_note)
SELECT organization_id, id, 'demo', 0, now() - interval '2 hours', now() - interval '1 hour', {settled}, {repaired},
       '', 0, '' FROM sync_lease WHERE shard = 0
"""
COMPARED_BEFORE_IT = "UPDATE sync_lease SET reconciled_at = now() - interval '90 minutes'"
SNAPSHOT, OTHER = "cashBalance", "userAccountPositionLimit"
CASES: list[tuple[str, ...]] = [
    ("all is well", "", "", ""),
    ("no worker", "UPDATE sync_lease SET expires_at = now()", *["DEMO is not live (no worker holds its socket)"] * 2),
    (
        "one shard of two waits",
        "UPDATE sync_lease SET state = 'waiting' WHERE shard = 1",
        *["DEMO is not live (waiting to reconnect)"] * 2,
    ),
    (
        "a writer that stands",
        "UPDATE sync_lease SET waiting_ms = 31000 WHERE shard = 1",
        *["DEMO is not live (its worker does not get stored what it receives)"] * 2,
    ),
    (
        "a snapshot that is being read",
        GAP.format(settled="NULL", repaired="NULL"),
        *["DEMO has just come back, and what was missed meanwhile is still being read"] * 2,
    ),
    ("a first load", "UPDATE sync_lease SET settled_at = NULL", *["DEMO has just come back, and what"] * 2),
    (
        "logs that are being read",
        f"{GAP.format(settled='now()', repaired='NULL')}; {COMPARED_BEFORE_IT}",
        "",
        "What DEMO missed in its last gap has not been read yet",
    ),
    ("a comparison since the gap", GAP.format(settled="now() - interval '1 hour'", repaired="NULL"), "", ""),
    (
        "a comparison before what the gap left was stored, by a host whose clock is behind when the gap ended",
        f"{GAP.format(settled='now()', repaired='NULL')}; {COMPARED_BEFORE_IT.replace('90 minutes', '9 seconds')}",
        "",
        "What DEMO missed in its last gap has not been read yet",
    ),
    (
        "rows that a hub whose clock is ahead received long ago",
        "UPDATE sync_lease SET covered_until = now() + interval '5 minutes', waiting_ms = 31000 WHERE shard = 1",
        *["DEMO is not live (its worker does not get stored what it receives)"] * 2,
    ),
    (
        "a hub whose clock is behind",
        "UPDATE sync_lease SET covered_until = now() - interval '5 minutes', last_frame_at = now() - interval '1 hour'",
        *[""] * 2,
    ),
    (
        "a comparison too long ago",
        "UPDATE sync_lease SET reconciled_at = now() - interval '27 hours'",
        "",
        "DEMO has not been compared with the platform for over 26 hours",
    ),
    (
        "types that are not chosen",
        "UPDATE organizations_connection SET entity_types = ARRAY['cashBalance']",
        "",
        "DEMO does not mirror user account position limits: they are not chosen in its connection",
    ),
    (
        "a type that the platform does not show",
        "UPDATE sync_lease SET refused_types = ARRAY['userAccountPositionLimit'] WHERE shard = 0",
        "",
        "DEMO does not let its user read user account position limits",
    ),
    ("an old shard's lease", "UPDATE sync_lease SET shard = 2, state = 'failed' WHERE shard = 1", "", ""),
]


@pytest.fixture
def vendor(committed_db: None, hub_connection: psycopg.Connection) -> Organization:
    vendor = Organization.objects.create(slug="vendor", name="Vendor")
    with organization_scope(vendor.pk):
        connection = Connection.objects.create(
            organization=vendor,
            environment="demo",
            rest_url="http://127.0.0.1:9/v1",
            websocket_url="ws://127.0.0.1:9",
            shard_count=2,
            sharding="modUserId",
        )
    for shard in (0, 1):
        hub_connection.execute(LEASE, [vendor.pk, connection.pk, shard])
    return vendor


def test_each_sign_of_age_is_named(vendor: Organization, admin_connection: psycopg.Connection) -> None:
    admin_connection.autocommit = True
    for name, change, *expected in CASES:
        admin_connection.execute("CREATE TABLE kept AS TABLE sync_lease")
        for statement in filter(None, change.split(";")):
            admin_connection.execute(statement.encode())
        for entity_type, words in zip((SNAPSHOT, OTHER), expected, strict=True):
            with organization_scope(vendor.pk), CaptureQueriesContext(database) as queries:
                found = Sockets(vendor.pk, now=timezone.now()).why_old("demo", [entity_type])
            assert found.startswith(words) if words else found == "", (name, entity_type, found)
            assert sum("SELECT " in one["sql"] and "set_config" not in one["sql"] for one in queries) <= 2
        admin_connection.execute("DELETE FROM sync_gap; DELETE FROM sync_lease; INSERT INTO sync_lease TABLE kept")
        admin_connection.execute("DROP TABLE kept; UPDATE organizations_connection SET entity_types = '{}'")


def test_a_removed_connection_leaves_rows_that_may_be_old_and_one_that_never_was_does_not(vendor: Organization) -> None:
    with organization_scope(vendor.pk):
        Connection.objects.update(removed_at=timezone.now(), is_enabled=False, credentials={})
        demo, live = freshness(organization_id=vendor.pk, now=timezone.now())
    assert demo.why == "DEMO is not live (its connection was removed)"
    assert (demo.is_known, live.is_known, live.why) == (True, False, "There is no LIVE connection")
