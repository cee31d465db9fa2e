"""Ending everything of members on both hosts as one plan, giving it again, and whether to revoke or to cancel."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.offboarding.cancellation import (
    SWITCHES,
    WHAT_CANCELLING_DOES,
    WHAT_REVOKING_DOES,
    CancelMembers,
    Ending,
    proposals_for,
    propose_ending,
)
from accounts.offboarding.inputs import targets_for
from tests.support.scene import Scene
from tests.support.vendor_members import members, new_member, of_user, wait_for_mirror
from vendor_admin.mirrors.models import (
    MarketDataSubscription,
    Position,
    TradingPermission,
    TradovateSubscription,
    UserPlugin,
)
from vendor_admin.operations.kinds import PlanRequest, Target, consequence_of
from vendor_admin.operations.models import Plan
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor

CANCEL = "user/canceleverything"
NOON = dt.datetime(2026, 11, 12, 18, tzinfo=dt.UTC)
LAST_DAY = dt.datetime(2026, 11, 30, 20, tzinfo=dt.UTC)
IN_RENEWALS = dt.datetime(2026, 12, 1, 3, tzinfo=dt.UTC)


ENDED: dict[str, Callable[[dict[str, Any]], bool]] = {
    "tradovateSubscription": lambda one: one["cancelledRenewal"],
    "userPlugin": lambda one: not one["approval"],
    "marketDataSubscription": lambda one: one["expired"],
    "tradingPermission": lambda one: one["status"] == "Revoked",
}


def _going_on(scene: Scene, user_id: int) -> dict[str, list[int]]:
    """Field of a row -> ids of what the platform goes on with."""
    return {
        f"{entity_type}Ids": [
            one["id"]
            for one in of_user(scene, entity_type, user_id, "demo" if entity_type == "tradingPermission" else "live")
            if not has_ended(one)
        ]
        for entity_type, has_ended in ENDED.items()
    }


def test_a_plan_ends_everything_on_both_hosts_and_what_ended_can_be_given_again(scene: Scene) -> None:
    chosen = [one.entity_id for one in members(scene)[:3]]
    before = {user_id: _going_on(scene, user_id) for user_id in chosen}
    plan = scene.start("cancel_members", targets_for(chosen))
    assert plan.calls_needed == 2
    for row in scene.rows(plan):
        assert row.old == {name: ids for name, ids in before[row.target_id or 0].items() if name in row.old}
        assert row.new == {name: [] for name in row.old}
    scene.work("live")
    scene.work("demo")
    assert scene.reload(plan).state == Plan.State.FINISHED
    assert {row.state for row in scene.rows(plan)} == {"succeeded"}
    assert scene.writes(CANCEL) == {"applied": 2}
    for user_id in chosen:
        assert not any(_going_on(scene, user_id).values())
    assert _going_on(scene, members(scene)[3].entity_id)["userPluginIds"]

    for user_id in chosen:
        wait_for_mirror(scene, TradovateSubscription, user_id=user_id, cancelled_renewal=True)
        wait_for_mirror(scene, UserPlugin, user_id=user_id, approval=False)
        wait_for_mirror(scene, MarketDataSubscription, user_id=user_id, expired=True)
        wait_for_mirror(scene, TradingPermission, user_id=user_id, environment="demo", status="Revoked")
    with scene.scope():
        again = plans.revert(plan=plan, actor=Actor.staff(scene.actor), reason="wrong members", now=timezone.now())
    rows = scene.rows(again)
    assert {row.why for row in rows if row.state == "skipped"} == set()
    assert {row.target_type for row in rows} == {
        "tradovateSubscription",
        "userPlugin",
        "marketDataSubscription",
        "tradingPermission",
    }
    assert "billed anew" in consequence_of(again.kind)
    assert scene.confirm(again).state == Plan.State.RUNNING
    scene.work("live")
    scene.work("demo")
    assert {row.state for row in scene.rows(again)} == {"succeeded"}, [row.why for row in scene.rows(again)]
    for user_id in chosen:
        after = _going_on(scene, user_id)
        assert {name: len(ids) for name, ids in after.items()} == {
            name: len(ids) for name, ids in before[user_id].items()
        }


def test_only_what_a_cancelling_plan_ended_can_be_given_again(scene: Scene) -> None:
    permission = scene.permissions()[0]
    revoked = scene.start("revoke_trading_permissions", [Target("tradingPermission", permission.entity_id)])
    scene.work("demo")
    assert scene.rows(revoked)[0].state == "succeeded"
    wait_for_mirror(scene, TradingPermission, entity_id=permission.entity_id, status="Revoked")
    targets = [
        Target("tradingPermission", permission.entity_id),
        Target("userPlugin", 5),
        Target("account", permission.account_id),
    ]
    plan = scene.preview("give_again", targets)
    assert [row.state for row in scene.rows(plan)] == ["skipped"] * 3
    assert scene.rows(plan)[0].why == "No cancelling plan of this organization ended it."


@pytest.mark.parametrize("switch", list(SWITCHES))
def test_each_switch_can_be_the_only_one(scene: Scene, switch: str) -> None:
    user_id = members(scene)[0].entity_id
    before = _going_on(scene, user_id)
    switches = dict.fromkeys(SWITCHES, False) | {switch: True}
    plan = scene.start("cancel_members", targets_for([user_id]), parameters=switches)
    host = "demo" if switch == "tradingPermissions" else "live"
    assert {row.environment: row.state for row in scene.rows(plan)} == {
        host: "queued",
        {"demo": "live", "live": "demo"}[host]: "skipped",
    }
    scene.work(host)
    ended = switch.removesuffix("s") + "Ids"
    assert _going_on(scene, user_id) == before | {ended: []}


def test_whoever_has_nothing_left_is_set_apart(scene: Scene) -> None:
    user_id = members(scene)[0].entity_id
    new = scene.start("create_members", [new_member(1)])
    scene.work("live")
    new_id = scene.rows(new)[0].result["user/createevaluationusers"]["userId"]
    wait_for_mirror(scene, type(members(scene)[0]), entity_id=new_id, environment="live")
    targets = [*targets_for([new_id, 5]), Target("user", user_id), Target("user", user_id, {"environment": "paper"})]
    rows = scene.rows(scene.preview("cancel_members", targets))
    assert [row.state for row in rows] == ["skipped"] * 6
    assert "goes on, on LIVE" in rows[0].why
    assert rows[2].why == "The organization has no such member."
    assert "Say which host" in rows[4].why + rows[5].why


def _drafts(scene: Scene, targets: list[Target], now: dt.datetime) -> Any:
    with scene.scope():
        return CancelMembers().drafts(PlanRequest(scene.organization.pk, targets, {}, now))


def test_open_positions_and_the_end_of_the_month_are_warned_of(scene: Scene) -> None:
    permission = scene.permissions()[0]
    targets = targets_for([permission.user_id or 0])
    scene.sandbox.control(
        "inject",
        organization=scene.vendor["name"],
        environment="demo",
        entityType="position",
        entity={
            "id": 77,
            "accountId": permission.account_id,
            "contractId": 4_300_010,
            "netPos": 2,
            "timestamp": "2026-11-12T18:00:00.000Z",
            "tradeDate": {"year": 2026, "month": 11, "day": 12},
            "bought": 2,
            "boughtValue": 1.0,
            "sold": 0,
            "soldValue": 0.0,
        },
    )
    wait_for_mirror(scene, Position, entity_id=77, net_pos=2)
    live, demo = _drafts(scene, targets, NOON)
    assert live.warnings == []
    assert demo.warnings == ["Positions are open: they stay, and the trader can no longer close them."]
    assert "At 19:00 Central on 2026-11-30 everything renews" in _drafts(scene, targets, LAST_DAY)[0].warnings[0]
    assert "may have renewed already" in _drafts(scene, targets, IN_RENEWALS)[0].warnings[0]


def test_the_preview_takes_as_many_queries_for_500_members_as_for_10(scene: Scene) -> None:
    known = [one.entity_id for one in members(scene)]

    def queries(count: int) -> int:
        targets = targets_for([known[number % len(known)] for number in range(count)])
        with scene.scope(), CaptureQueriesContext(connection) as captured:
            _drafts(scene, targets, NOON)
        return len(captured)

    assert queries(10) == queries(500)


@pytest.mark.parametrize(
    ("in_force", "to_end", "has_subscriptions", "ending"),
    [
        ({1, 2}, {1}, True, Ending.REVOKE),
        ({1, 2, 3}, {1}, False, Ending.REVOKE),
        ({1}, {1}, True, Ending.CANCEL),
        ({1}, {1}, False, Ending.CANCEL),
        (set(), {1}, True, Ending.CANCEL),
        (set(), set(), False, Ending.NOTHING),
        ({2}, set(), False, Ending.REVOKE),
    ],
)
def test_revoking_is_proposed_while_other_accounts_remain(
    in_force: set[int], to_end: set[int], has_subscriptions: bool, ending: Ending
) -> None:
    proposal = propose_ending(in_force=in_force, to_end=to_end, has_subscriptions=has_subscriptions)
    assert proposal.ending is ending
    assert proposal.why.endswith(".")


def test_proposals_follow_from_the_mirrors(scene: Scene) -> None:
    by_user: dict[int, list[int]] = {}
    for one in scene.permissions():
        by_user.setdefault(one.user_id or 0, []).append(one.account_id or 0)
    user_id, account_ids = next((user, ids) for user, ids in by_user.items() if len(ids) == 2)
    with scene.scope(), CaptureQueriesContext(connection) as captured:
        single = proposals_for({user_id: account_ids[:1]}, organization_id=scene.organization.pk, now=timezone.now())
        both = proposals_for({user_id: account_ids}, organization_id=scene.organization.pk, now=timezone.now())
    assert (single[user_id].ending, both[user_id].ending) == (Ending.REVOKE, Ending.CANCEL)
    assert "1 other account," in single[user_id].why
    assert sum("SELECT" in query["sql"] and "mirrors_" in query["sql"] for query in captured) == 8


def test_the_texts_tell_what_each_of_both_ends() -> None:
    assert "are billed" in WHAT_REVOKING_DOES
    assert "19:00 Central" in WHAT_CANCELLING_DOES
