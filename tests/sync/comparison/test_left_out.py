"""What the platform's answers about accounts and users leave out: gone, unless it is too much to be believed."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.support.running_hub import RunningHub, wait_until
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.notices.conditions import platform as platform_conditions
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync.comparison.confirming import confirm_absence
from vendor_admin.sync.models import Kind, Reconciliation

Connect = Callable[..., Connection]
StartHub = Callable[..., RunningHub]
LIMIT, LOG = "userAccountPositionLimit", "cashBalanceLog"
ASK = "UPDATE sync_lease SET reconcile_requested_at = now() RETURNING id"
LIMITS = [{"id": 1_000 + number, "accountId": number % 3 + 1, "description": "a"} for number in range(60)]


@pytest.fixture
def mirrored(platform: ScriptedPlatform, connect: Connect, start_hub: StartHub, stored: Stored) -> Connection:
    """Three accounts with sixty position limits and a line of cash, loaded."""
    accounts = b'[{"id":1,"name":"a"},{"id":2,"name":"b"},{"id":3,"name":"c"}]'
    platform.snapshot = [b'a[{"s":200,"i":{i},"d":{"accounts":' + accounts + b"}}]"]
    names = [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}, {"id": 3, "name": "c"}]
    platform.lists = {"account": names, LIMIT: LIMITS, LOG: [{"id": 5_000, "accountId": 1}]}
    platform.items = {LIMIT: []}
    connection = connect(platform, entity_types=["account", LIMIT, LOG])
    start_hub()
    wait_until(lambda: stored.leases() and stored.lease()["reconciled_at"], what="the first load")
    return connection


def gone(stored: Stored, table: str = "useraccountpositionlimit") -> set[int]:
    return {row["entity_id"] for row in stored.mirror(table) if row["deleted_at"] is not None}


def test_a_limit_that_was_deleted_inside_a_gap_is_gone_when_the_gap_is_repaired(
    platform: ScriptedPlatform, mirrored: Connection, stored: Stored
) -> None:
    platform.lists |= {LIMIT: LIMITS[2:], LOG: []}
    platform.close()
    wait_until(lambda: stored.gaps() and stored.gaps()[-1]["repaired_at"], what="the repair")
    assert gone(stored) == {1_000, 1_001}
    assert gone(stored, "cashbalancelog") == set(), "the platform may shorten a log"
    assert [one["entity_id"] for one in stored.events(LIMIT) if one["kind"] == Kind.VANISHED] == [1_000, 1_001]
    assert stored.gaps()[-1]["differences"] == 2
    assert [one["vanished"] for one in stored.reconciliations() if one["vanished"]] == [2]


def test_a_limit_that_is_told_of_behind_the_answer_is_not_gone(
    platform: ScriptedPlatform, mirrored: Connection, stored: Stored
) -> None:
    platform.lists[LIMIT] = LIMITS[2:]
    told = b'{"e":"props","d":{"entityType":"userAccountPositionLimit","eventType":"Updated","entity":%s}}'
    platform.behind = {f"{LIMIT}/ldeps": [told % b'{"id":1001,"accountId":2,"description":"new"}']}
    stored.rows(ASK)
    wait_until(lambda: gone(stored), what="the comparison")
    assert gone(stored) == {1_000}


def test_many_that_are_left_out_are_held_until_a_person_says_that_they_are_gone(
    platform: ScriptedPlatform, mirrored: Connection, stored: Stored
) -> None:
    platform.lists[LIMIT] = LIMITS[:30]
    platform.close()
    held = wait_until(lambda: [one for one in stored.reconciliations() if one["absent"]], what="the comparison")[-1]
    assert (held["absent"], held["vanished"], gone(stored)) == (30, 0, set())
    assert "until a person confirms it" in held["error"]
    with organization_scope(mirrored.organization_id):
        (asked,) = platform_conditions.many_absent(datetime.now(UTC))
        assert asked.subject == f"demo {LIMIT}"
        newest = Reconciliation.objects.filter(absent__gt=0).order_by("-id").first()
        assert newest is not None
        confirm_absence(reconciliation=newest, actor=Actor.staff("alice"), now=datetime.now(UTC))
    wait_until(lambda: len(gone(stored)) == 30, what="what was confirmed")


def test_what_the_platform_knows_by_id_is_not_gone(
    platform: ScriptedPlatform, mirrored: Connection, stored: Stored
) -> None:
    platform.lists[LIMIT], platform.items[LIMIT] = LIMITS[:30], LIMITS
    stored.rows(ASK)
    note = wait_until(lambda: [one for one in stored.reconciliations() if one["error"]], what="the comparison")[-1]
    assert "still knows some" in note["error"]
    assert (note["absent"], gone(stored)) == (0, set())
