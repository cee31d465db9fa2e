"""How long gaps, comparisons and quarantined messages are kept, who may delete them, and how much of a socket."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.conf import settings
from psycopg import errors

from tests.sync.desk import Desk, Ear, row
from tests.sync.stored import Stored
from vendor_admin.organizations.models import Organization
from vendor_admin.sync.log.history import forget_old_history
from vendor_admin.sync.log.retention import MESSAGE_BYTES, QUARANTINE_BYTES, QUARANTINE_ROWS

GAP = """
INSERT INTO sync_gap (organization_id, lease_id, environment, shard, started_at, ended_at, repaired_at, reason,
                      differences, repair_note)
VALUES (1, %(lease)s, 'demo', 0, %(started)s, %(ended)s, %(repaired)s, '', 0, '')
"""
COMPARISON = """
INSERT INTO sync_reconciliation (organization_id, lease_id, environment, entity_type, started_at, is_first_load,
                                 changed, vanished, error)
SELECT 1, 1, 'demo', %s, now() - %s * interval '1 day', false, 0, 0, %s FROM generate_series(1, %s::integer)
"""
QUARANTINE = """
INSERT INTO sync_quarantinedevent (organization_id, lease_id, environment, epoch, seq, received_at, entity_type, reason,
                                   is_in_log, raw)
SELECT 1, 1, 'demo', 1, 1, now() - %s * interval '1 day', '', %s, false, 'x' FROM generate_series(1, %s::integer)
"""


@pytest.fixture
def organization(desk: Desk) -> Organization:
    """The organization of the desk's lease."""
    desk.admin.execute("SET session_replication_role = origin")  # so that triggers run again
    return Organization.objects.create(pk=1, slug="alpha", name="Alpha")


def days_ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def add_gap(desk: Desk, lease: int, *, ended: float | None, is_repaired: bool) -> None:
    end = None if ended is None else days_ago(ended)
    desk.admin.execute(
        GAP, {"lease": lease, "started": days_ago(900), "ended": end, "repaired": end if is_repaired else None}
    )


def test_what_is_old_goes_in_small_parts_but_for_unrepaired_gaps_and_the_newest_comparisons(
    desk: Desk, stored: Stored, organization: Organization
) -> None:
    kept_days = settings.EVENT_RETENTION_DAYS + 31
    add_gap(desk, 1, ended=kept_days + 1, is_repaired=True)
    add_gap(desk, 2, ended=kept_days - 1, is_repaired=True)
    add_gap(desk, 3, ended=kept_days + 1, is_repaired=False)
    add_gap(desk, 4, ended=None, is_repaired=False)
    desk.admin.execute("UPDATE sync_serviceevent SET received_at = now() - %s * interval '1 day'", [kept_days + 1])
    add_gap(desk, 5, ended=1, is_repaired=True)
    desk.admin.execute(COMPARISON, ["account", 40, "old", 2_500])
    desk.admin.execute(COMPARISON, ["account", 29, "", 1])
    desk.admin.execute(COMPARISON, ["order", 90, "", 1])
    desk.admin.execute(COMPARISON, ["order", 80, "newest of its type", 1])
    desk.admin.execute(QUARANTINE, [31, "old", 1_500])
    desk.admin.execute(QUARANTINE, [29, "young", 1])
    expected = {"gaps": 1, "service events": 4, "comparisons": 2_501, "quarantine": 1_500}
    assert forget_old_history() == expected
    assert [gap["lease_id"] for gap in stored.gaps()] == [2, 3, 4, 5]
    left = [(one["entity_type"], one["error"]) for one in stored.reconciliations()]
    assert left == [("account", ""), ("order", "newest of its type")]
    assert [one["reason"] for one in stored.quarantine()] == ["young"]
    assert not any(forget_old_history().values())


def test_nobody_talks_the_ages_down(
    desk: Desk, stored: Stored, organization: Organization, database_urls: dict[str, str]
) -> None:
    add_gap(desk, 1, ended=29, is_repaired=True)
    desk.admin.execute(COMPARISON, ["account", 6, "", 2])
    desk.admin.execute(QUARANTINE, [6, "", 1])
    with psycopg.connect(database_urls["app"], autocommit=True) as app:
        app.execute("SELECT set_config('app.orgs', '{1}', false)")
        for what in ("gaps", "comparisons", "quarantine"):
            for days in (6, 0, -1_000, None):
                assert app.execute("SELECT sync_forget_old(%s, 1, %s)", [what, days]).fetchone() == (0,)
        for table in ("sync_gap", "sync_reconciliation", "sync_quarantinedevent", "sync_storedrows"):
            with pytest.raises(errors.InsufficientPrivilege):
                app.execute(f"DELETE FROM {table}".encode())  # noqa: S608
    with psycopg.connect(database_urls["hub"], autocommit=True) as hub, pytest.raises(errors.InsufficientPrivilege):
        hub.execute("SELECT sync_forget_old('gaps', 1, 0)")
    assert (len(stored.gaps()), len(stored.quarantine()), len(stored.reconciliations())) == (1, 1, 2)


def test_of_a_long_message_the_beginning_is_kept_with_its_true_size(desk: Desk, stored: Stored) -> None:
    long = b"x" * (MESSAGE_BYTES + 5)
    desk.flush(Ear().rows(b"a[" + long + b"]"))
    desk.flush([row(9, entity_id=9, name="n")], in_log_only=True)
    (kept,) = stored.quarantine()
    assert len(bytes(kept["raw"])) == MESSAGE_BYTES
    assert kept["full_size"] >= len(long)


def test_a_full_quarantine_only_counts_what_comes_and_stops_no_event(
    desk: Desk, stored: Stored, organization: Organization
) -> None:
    desk.admin.execute(QUARANTINE, [1, "before", QUARANTINE_ROWS - 1])
    ear = Ear()
    desk.flush([*ear.rows(b'a["one"]', b'a["two"]', b'a["three"]'), row(9, name="taken")])
    assert len(stored.quarantine()) == QUARANTINE_ROWS
    assert stored.quarantine()[-1]["raw"] == b'"one"'
    assert stored.mirror("account")[0]["name"] == "taken"
    desk.admin.execute("UPDATE sync_storedrows SET row_count = 1, byte_count = %s", [QUARANTINE_BYTES])
    desk.flush(ear.rows(b'a["four"]'))
    (kept,) = stored.rows("SELECT * FROM sync_storedrows WHERE what = 'quarantine'")
    assert (len(stored.quarantine()), kept["left_out"]) == (QUARANTINE_ROWS, 3)
    desk.admin.execute("UPDATE sync_storedrows SET row_count = 1, byte_count = 1")
    desk.flush(ear.rows(b'a["five"]'))
    assert stored.quarantine()[-1]["raw"] == b'"five"'
