"""A list that leaves out many entities: held, checked by their ids, and left to a person."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.support.running_hub import RunningHub, wait_until
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.errors import Conflict
from vendor_admin.notices.conditions import platform as platform_conditions
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync.comparison import absences
from vendor_admin.sync.comparison.confirming import confirm_absence
from vendor_admin.sync.models import Kind, Reconciliation

Connect = Callable[..., Connection]
StartHub = Callable[..., RunningHub]
ACCOUNTS = [{"id": number, "name": f"A{number}"} for number in range(1, 61)]


@pytest.fixture
def compare(
    platform: ScriptedPlatform, connect: Connect, start_hub: StartHub, stored: Stored
) -> Callable[[], Reconciliation]:
    """A live socket that mirrors sixty accounts, compared when called; gives the comparison as it was noted."""
    frame = {"accounts": ACCOUNTS}
    platform.snapshot = [b'a[{"s":200,"i":{i},"d":' + json.dumps(frame).encode() + b"}]"]
    platform.lists = {"account": ACCOUNTS}
    connection = connect(platform, entity_types=["account"])
    start_hub()
    wait_until(lambda: stored.leases() and stored.lease()["reconciled_at"], what="the first load")

    def run() -> Reconciliation:
        before = len(stored.reconciliations())
        stored.rows("UPDATE sync_lease SET reconcile_requested_at = now() RETURNING id")
        wait_until(lambda: len(stored.reconciliations()) > before, what="the comparison")
        with organization_scope(connection.organization_id):
            newest = Reconciliation.objects.first()
        assert newest is not None
        return newest

    return run


def gone(stored: Stored) -> int:
    return sum(row["deleted_at"] is not None for row in stored.mirror("account"))


def test_few_absent_entities_are_believed_and_many_are_not() -> None:
    assert absences.is_believable(absent=20, known=20)
    assert absences.is_believable(absent=500, known=10_000)
    assert not absences.is_believable(absent=21, known=100)
    assert not absences.is_believable(absent=501, known=10_000)


def test_the_sample_is_small_and_spread_over_all() -> None:
    chosen = absences.sample(range(1, 1_201))
    assert len(chosen) <= absences.ASKED_BY_ID
    assert (chosen[0], chosen[-1] > 1_150) == (1, True)
    assert absences.sample([7, 8]) == [7, 8]


def test_an_empty_list_takes_nothing_away_until_a_person_confirms_it(
    platform: ScriptedPlatform, compare: Callable[[], Reconciliation], stored: Stored
) -> None:
    platform.lists, platform.items = {"account": []}, {"account": []}
    held = compare()
    assert (held.absent, held.vanished, gone(stored)) == (60, 0, 0)
    assert "wrong host or key" in held.error
    assert stored.lease()["reconciled_at"] < stored.lease()["reconcile_requested_at"], "it was not reconciled"
    with organization_scope(held.organization_id):
        (asked,) = platform_conditions.many_absent(datetime.now(UTC))
    assert (asked.subject, str(held.pk) in asked.path) == ("demo account", True)

    confirm_absence(reconciliation=held, actor=Actor.staff("alice"), now=datetime.now(UTC))
    wait_until(lambda: gone(stored) == 60, what="what was confirmed")
    assert len([one for one in stored.events() if one["kind"] == Kind.VANISHED]) == 60
    with organization_scope(held.organization_id):
        assert platform_conditions.many_absent(datetime.now(UTC)) == []
    with pytest.raises(Conflict):
        confirm_absence(reconciliation=held, actor=Actor.staff("alice"), now=datetime.now(UTC))


def test_what_the_platform_knows_by_id_has_not_vanished_from_a_list_that_leaves_it_out(
    platform: ScriptedPlatform, compare: Callable[[], Reconciliation], stored: Stored
) -> None:
    platform.lists, platform.items = {"account": []}, {"account": ACCOUNTS}
    found = compare()
    assert (found.absent, found.vanished, gone(stored)) == (0, 0, 0)
    assert "still knows" in found.error


def test_a_list_that_is_whole_again_ends_the_question(
    platform: ScriptedPlatform, compare: Callable[[], Reconciliation], stored: Stored
) -> None:
    platform.lists, platform.items = {"account": ACCOUNTS[:30]}, {"account": []}
    held = compare()
    assert (held.absent, gone(stored)) == (30, 0)
    platform.lists = {"account": ACCOUNTS}
    assert compare().absent == 0
    with organization_scope(held.organization_id):
        assert platform_conditions.many_absent(datetime.now(UTC)) == []
    assert gone(stored) == 0
