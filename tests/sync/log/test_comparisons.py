"""Comparisons with what the platform lists: what they find, when they count, and what stops them."""

import threading
from collections.abc import Callable
from typing import Any

import django.db
import pytest

from tests.support.running_hub import wait_until
from tests.sync.log.settled import T0, Connect, StartHub, fails_first, last_gap, snapshot
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.sync.comparison import reconciliation
from vendor_admin.sync.models import Kind
from vendor_admin.tradovate.events import SessionEvent, SnapshotSettled
from vendor_admin.tradovate.socket.sync_session import SyncSession


def test_reconciliation_finds_drift_and_what_has_vanished(
    platform: ScriptedPlatform, settled: Callable[..., Connection], stored: Stored
) -> None:
    accounts = [{"id": number, "name": f"A{number}"} for number in (1, 2, 3)]
    platform.snapshot = snapshot('{"id":1,"name":"A1"},{"id":2,"name":"A2"},{"id":3,"name":"A3"}')
    platform.lists = {
        "account": accounts,
        "tradingPermission": [{"id": 7, "userId": 4, "accountId": 1, "status": "Accepted"}],
    }
    settled()
    assert stored.mirror("tradingpermission", 7)[0]["status"] == "Accepted"
    platform.lists = {
        "account": [{"id": 1, "name": "A1"}, {"id": 2, "name": "drifted"}],
        "tradingPermission": [],
    }
    stored.rows("UPDATE sync_lease SET reconcile_requested_at = now() RETURNING id")
    wait_until(
        lambda: (one := stored.lease())["reconciled_at"] and one["reconciled_at"] > one["reconcile_requested_at"],
        what="the reconciliation",
    )
    found = {(one["entity_type"], one["entity_id"]): one["kind"] for one in stored.events() if one["kind"] > 4}
    assert found == {
        ("account", 2): Kind.RESYNC,
        ("account", 3): Kind.VANISHED,
        ("tradingPermission", 7): Kind.VANISHED,
    }
    rows = {row["entity_id"]: (row["name"], row["deleted_at"] is None) for row in stored.mirror("account")}
    assert rows == {1: ("A1", True), 2: ("drifted", True), 3: ("A3", False)}
    notes = {note["entity_type"]: (note["changed"], note["vanished"]) for note in stored.reconciliations()[-2:]}
    assert notes == {"account": (1, 1), "tradingPermission": (0, 1)}


def test_nothing_vanishes_when_the_list_could_not_be_read(
    platform: ScriptedPlatform, settled: Callable[..., Connection], stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.snapshot = snapshot('{"id":1,"name":"A1"}')
    platform.lists = {"account": [{"id": 1, "name": "A1"}]}
    settled(entity_types=["account"])
    answers: list[tuple[int, object]] = [(500, "Sorry"), (200, {"errorText": "no"}), (200, "text"), (200, None)]
    for answer in answers:
        monkeypatch.setattr(platform, "look_up", lambda *_, answer=answer: answer)
        before = len(stored.reconciliations())
        stored.rows("UPDATE sync_lease SET reconcile_requested_at = now() RETURNING id")
        wait_until(lambda before=before: len(stored.reconciliations()) > before, what=f"the reading of {answer}")  # type: ignore[misc]
        assert stored.reconciliations()[-1]["error"]
        assert stored.mirror("account", 1)[0]["deleted_at"] is None, answer


def test_a_comparison_counts_from_its_start_by_the_databases_clock(
    platform: ScriptedPlatform, settled: Callable[..., Connection], stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.lists = {"tradingPermission": []}
    settled(entity_types=["tradingPermission"])
    is_asked, may_answer = threading.Event(), threading.Event()

    def look_up(*_: object) -> tuple[int, object]:
        is_asked.set()
        may_answer.wait(8)
        return 200, []

    monkeypatch.setattr(platform, "look_up", look_up)
    (asked,) = stored.rows(
        "UPDATE sync_lease SET reconcile_requested_at = now() RETURNING reconcile_requested_at AS at"
    )
    assert is_asked.wait(15)
    (meanwhile,) = stored.rows("SELECT clock_timestamp() AS at")
    may_answer.set()
    compared_at = wait_until(
        lambda: (one := stored.lease()["reconciled_at"]) and one > asked["at"] and one, what="the comparison"
    )
    assert compared_at < meanwhile["at"]


def test_a_comparison_during_which_the_socket_ended_does_not_count_and_the_gap_is_settled(
    platform: ScriptedPlatform, settled: Callable[..., Connection], stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.snapshot = snapshot('{"id":1,"name":"a"}')
    platform.lists = {"account": [{"id": 1, "name": "a"}], "tradingPermission": []}
    settled(entity_types=["account", "tradingPermission"])
    really_take, waits, is_held = budgets.take, threading.Event(), threading.Event()
    is_held.set()

    def take(**arguments: Any) -> float:
        if arguments["budget"].name == budgets.USER_CALLS.name and is_held.is_set():
            waits.set()
            return 0.05
        return really_take(**arguments)

    really_tick, has_settled = SyncSession.tick, threading.Event()

    def tick(session: SyncSession, *, now: float) -> list[SessionEvent]:
        events = really_tick(session, now=now)
        if any(isinstance(one, SnapshotSettled) for one in events):
            has_settled.set()
        return events

    monkeypatch.setattr(budgets, "take", take)
    monkeypatch.setattr(SyncSession, "tick", tick)
    stored.rows("UPDATE sync_lease SET reconcile_requested_at = now() RETURNING id")
    assert waits.wait(15)
    platform.close()
    assert has_settled.wait(15), "the next socket's snapshot"
    is_held.clear()

    wait_until(
        lambda: (one := stored.lease())["reconciled_at"] and one["reconciled_at"] > one["reconcile_requested_at"],
        what="a comparison that counts",
    )
    (gap,) = stored.gaps()
    assert gap["settled_at"] < stored.lease()["reconciled_at"]


def test_a_wait_for_the_budget_ends_with_the_socket_and_leaves_calls_for_people(
    platform: ScriptedPlatform, settled: Callable[..., Connection], stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.snapshot = snapshot('{"id":1,"name":"a"}')
    platform.lists = {"fill": []}
    settled(entity_types=["account", "fill"])
    limits: list[int] = []

    def take(*, budget: budgets.Budget, **arguments: Any) -> float:
        if budget.name != budgets.USER_CALLS.name:
            return really_take(budget=budget, **arguments)
        limits.append(budget.limit)
        return 3600.0

    really_take = budgets.take
    monkeypatch.setattr(budgets, "take", take)
    stored.rows("UPDATE sync_lease SET reconcile_requested_at = now() RETURNING id")
    wait_until(lambda: limits, what="the wait for the budget")
    platform.close()
    wait_until(last_gap(stored, "settled_at"), what="the settlement")
    assert max(limits) < budgets.USER_CALLS.limit


def test_care_goes_on_after_an_error_in_the_middle(
    platform: ScriptedPlatform, settled: Callable[..., Connection], stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.snapshot = snapshot('{"id":1,"name":"a"}')
    platform.lists = {"fill": []}
    settled(entity_types=["account", "fill"])
    really_take, failures = budgets.take, [django.db.OperationalError("gone"), RuntimeError("a bug")]

    def take(**arguments: Any) -> float:
        if arguments["budget"].name == budgets.USER_CALLS.name and failures:
            raise failures.pop()
        return really_take(**arguments)

    monkeypatch.setattr(budgets, "take", take)
    platform.close()
    wait_until(last_gap(stored, "repaired_at"), seconds=30, what="the repair")
    assert not failures


def test_the_first_load_finds_the_dependents_of_every_shards_entities(
    platform: ScriptedPlatform, connect: Connect, start_hub: StartHub, stored: Stored
) -> None:
    platform.shards = {0: (0.0, snapshot('{"id":1,"name":"a"}')), 1: (1.5, snapshot('{"id":2,"name":"b"}'))}
    platform.lists = {"cashBalanceLog": [{"id": 10 + one, "accountId": one, "timestamp": T0} for one in (1, 2)]}
    connect(platform, entity_types=["account", "cashBalanceLog"], sharding="modAccountId", shard_count=2)
    start_hub()
    wait_until(
        lambda: len(found := stored.leases()) == 2 and all(one["settled_at"] for one in found), what="both shards"
    )
    assert [(one["entity_id"], one["kind"]) for one in stored.events("cashBalanceLog")] == [
        (11, Kind.SNAPSHOT),
        (12, Kind.SNAPSHOT),
    ]
    assert all(note["is_first_load"] for note in stored.reconciliations())


def test_a_shard_that_comes_too_late_for_the_first_load_has_all_compared_again(
    platform: ScriptedPlatform, connect: Connect, start_hub: StartHub, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciliation, "OTHER_SHARDS_SECONDS", 0.0)
    platform.shards = {0: (0.0, snapshot('{"id":1,"name":"a"}')), 1: (1.5, snapshot('{"id":2,"name":"b"}'))}
    platform.lists = {"cashBalanceLog": [{"id": 10 + one, "accountId": one, "timestamp": T0} for one in (1, 2)]}
    connect(platform, entity_types=["account", "cashBalanceLog"], sharding="modAccountId", shard_count=2)
    start_hub()
    wait_until(lambda: len(stored.mirror("cashbalancelog")) == 2, what="the dependents of both shards")
    assert [(one["entity_id"], one["kind"]) for one in stored.events("cashBalanceLog")] == [
        (11, Kind.SNAPSHOT),
        (12, Kind.RESYNC),
    ]


def test_a_first_load_is_done_only_when_each_failed_read_was_tried_again(
    platform: ScriptedPlatform, settled: Callable[..., Connection], stored: Stored
) -> None:
    platform.snapshot = snapshot('{"id":1,"name":"a"}')
    platform.lists = {
        "tradingPermission": [{"id": 7, "userId": 4, "accountId": 1, "status": "Accepted"}],
        "cashBalanceLog": [{"id": 14, "accountId": 1, "timestamp": T0, "amount": 50000.5, "delta": -2.5}],
    }
    fails_first(platform, "tradingPermission/list", "cashBalanceLog/ldeps")
    settled()
    assert not any(platform.failures.values())
    assert [row["entity_id"] for row in stored.mirror("tradingpermission")] == [7]
    assert [row["entity_id"] for row in stored.mirror("cashbalancelog")] == [14]
    assert [one["error"] == "" for one in stored.reconciliations()] == [False, False, True, True]


def test_a_reconciliation_counts_only_when_all_its_types_were_read(
    platform: ScriptedPlatform, settled: Callable[..., Connection], stored: Stored
) -> None:
    platform.lists = {"tradingPermission": []}
    settled(entity_types=["account", "tradingPermission"])
    wait_until(lambda: stored.lease()["reconciled_at"], what="the first load")
    platform.failures = {"tradingPermission/list": [(500, "Internal Server Error")] * 2}
    platform.lists = {"tradingPermission": [{"id": 7, "userId": 4, "accountId": 1, "status": "Accepted"}]}
    stored.rows("UPDATE sync_lease SET reconcile_requested_at = now() RETURNING id")
    wait_until(
        lambda: (one := stored.lease())["reconciled_at"] > one["reconcile_requested_at"], what="the reconciliation"
    )
    assert not any(platform.failures.values())
    assert [row["status"] for row in stored.mirror("tradingpermission")] == ["Accepted"]
