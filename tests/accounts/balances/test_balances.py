"""Changing balances and the drawdown's peak: previewed, carried out at the platform, reverted."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from tests.support.running_hub import wait_until
from tests.support.scene import Scene
from vendor_admin.errors import InvalidFields
from vendor_admin.mirrors.models import CashBalance
from vendor_admin.operations.kinds import Target, plain
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor

pytestmark = pytest.mark.demo_alone

ADJUST, CHANGE, PEAK = (
    "fundTransaction/adjustcash",
    "cashBalance/changedemobalance",
    "accountRiskStatus/updatemaxnetliq",
)


def account(id_: int, **wanted: Any) -> Target:
    return Target("account", id_, wanted)


def money_of(scene: Scene, account_id: int) -> dict[str, str]:
    """What the platform holds now, in the form of a row's values."""
    peak = scene.expected("accountRiskStatus")[account_id]["maxNetLiq"]
    return {"amount": plain(scene.balance(account_id)), "maxNetLiq": plain(Decimal(str(peak)))}


def money_in(values: dict[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in ("amount", "maxNetLiq")}


def wait_for_mirror(scene: Scene, rows: Sequence[PlanRow]) -> None:
    """Until the mirrors show what these rows brought about."""

    def is_there() -> bool:
        with scene.scope():
            ids = [row.target_id for row in rows]
            amounts = dict(
                CashBalance.objects.filter(account_id__in=ids, environment="demo").values_list("account_id", "amount")
            )
            again = scene.preview("update_max_net_liq", [account(one or 0, maxNetLiq="1") for one in ids])
        peaks = {row.target_id: row.old["maxNetLiq"] for row in scene.rows(again)}
        return all(
            plain(amounts[row.target_id]) == row.new.get("amount", plain(amounts[row.target_id]))
            and peaks[row.target_id] == row.new["maxNetLiq"]
            for row in rows
        )

    wait_until(is_there, what="the mirror")


def revert(scene: Scene, plan: Plan) -> Plan:
    with scene.scope():
        return plans.revert(plan=plan, actor=Actor.staff(scene.actor), reason="a mistake", now=timezone.now())


@pytest.mark.parametrize("by", ["adjustCash", "changeDemoBalance"])
@pytest.mark.parametrize("change", ["1234.56", "-800"])
def test_a_change_does_what_the_preview_said_and_is_taken_back(scene: Scene, by: str, change: str) -> None:
    scene.sandbox.control("write-settings", cap_binds_administrators=False)
    ids = scene.account_ids(3)
    before = {one: money_of(scene, one) for one in ids}
    plan = scene.start(
        "change_balances",
        [account(one, cashChange=change) for one in ids],
        parameters={"by": by},
        reason="Goodwill after\nthe outage",
    )
    for row in scene.rows(plan):
        assert money_in(row.old) == before[row.target_id or 0]
        assert Decimal(row.new["amount"]) - Decimal(row.old["amount"]) == Decimal(change)
    scene.work()
    rows = scene.rows(plan)
    assert {row.state for row in rows} == {"succeeded"}
    assert {row.target_id: money_in(row.new) for row in rows} == {one: money_of(scene, one) for one in ids}
    for one, operation in zip(ids, scene.operations(plan), strict=True):
        (entry,) = scene.log_of(one)
        assert entry["comment"] == f"{operation.short_id} Goodwill after the outage"
    wait_for_mirror(scene, rows)
    back = scene.confirm(revert(scene, plan))
    assert back.state == Plan.State.RUNNING, [row.why for row in scene.rows(back)]
    scene.work()
    assert {row.state for row in scene.rows(back)} == {"succeeded"}
    assert {one: money_of(scene, one) for one in ids} == before


def test_the_peak_is_set_in_the_same_plan_once_the_money_has_moved(scene: Scene) -> None:
    scene.sandbox.control("write-settings", cap_binds_administrators=False)
    kept, at_balance, given = scene.account_ids(3)
    before = {one: money_of(scene, one) for one in (kept, at_balance, given)}
    plan = scene.start(
        "change_balances",
        [
            account(kept, maxNetLiq="keep"),
            account(at_balance, maxNetLiq="balance"),
            account(given, maxNetLiq="61000.5"),
        ],
        parameters={"by": "changeDemoBalance", "cashChange": "2000"},
    )
    assert plan.calls_needed == 6
    scene.work()
    rows = scene.rows(plan)
    assert {row.state for row in rows} == {"succeeded"}
    for row in rows:
        assert money_in(row.new) == money_of(scene, row.target_id or 0)
    assert rows[0].new["maxNetLiq"] == before[kept]["maxNetLiq"]
    assert rows[1].new["maxNetLiq"] == rows[1].new["amount"]
    assert rows[2].new["maxNetLiq"] == "61000.5"
    wait_for_mirror(scene, rows)
    back = scene.confirm(revert(scene, plan))
    scene.work()
    assert {row.state for row in scene.rows(back)} == {"succeeded"}
    assert {one: money_of(scene, one) for one in before} == before


def test_the_preview_tells_floor_and_room_and_whether_the_account_would_be_closed(scene: Scene) -> None:
    first, second = scene.account_ids(2)
    settings = scene.expected("userAccountAutoLiq")[first]
    plan = scene.preview("change_balances", [account(first, cashChange="-1"), account(second, cashChange="-90000")])
    row, breached = scene.rows(plan)
    peak = scene.expected("accountRiskStatus")[first]["maxNetLiq"]
    floor = min(peak - settings["trailingMaxDrawdown"], settings["trailingMaxDrawdownLimit"])
    assert Decimal(row.old["floor"]) == Decimal(row.new["floor"]) == Decimal(str(floor))
    assert Decimal(row.old["room"]) - 1 == Decimal(row.new["room"])
    assert not any("floor" in warning for warning in row.warnings)
    assert Decimal(breached.new["room"]) < 0
    assert any("floor would be reached" in warning for warning in breached.warnings)


def test_the_platforms_refusal_lands_on_its_row_and_the_cap_is_warned_of(scene: Scene) -> None:
    """A plan this size waits for a second person."""
    fine, capped = scene.account_ids(2)
    down = plain(10_000 - scene.balance(fine))
    waiting = scene.confirm(
        scene.preview(
            "change_balances",
            [account(fine, cashChange=down), account(capped, cashChange="10")],
            parameters={"by": "changeDemoBalance"},
        )
    )
    assert waiting.state == Plan.State.WAITING
    assert "50,000.00 as the most" in " ".join(scene.rows(waiting)[1].warnings)
    with scene.scope():
        plan = plans.approve(plan=waiting, actor=Actor.staff("casey"), now=timezone.now())
    scene.work()
    first, second = scene.rows(plan)
    assert (first.state, second.state) == ("succeeded", "rejected")
    assert "less than or equal to $50,000" in second.why
    assert scene.balance(fine) == 10_000


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"cashChange": "100000"}, "less than 100,000"),
    ({"cashChange": "0"}, "must not be zero"),
    ({"cashChange": "1.005"}, "could mean 1005 or 1.005"),
    ({"cashChange": "a lot"}, "not a number"),
    ({"cashChange": "NaN"}, "not a number"),
    ({"cashChange": "1e99"}, "written with an exponent"),
    ({}, "Neither"),
    ({"cashChange": "5", "by": "magic"}, "not a way"),
    ({"cashChange": "5", "cashChangeType": "Present"}, "must be one of"),
    ({"cashChange": "5", "currencyId": 2}, "in this currency"),
    ({"maxNetLiq": "-1"}, "above zero"),
]


def test_what_the_platform_would_refuse_is_skipped_with_the_reason(scene: Scene) -> None:
    good, *bad = scene.account_ids(1 + len(REFUSED))
    targets = [account(id_, **wanted) for id_, (wanted, _) in zip(bad, REFUSED, strict=True)]
    plan = scene.preview("change_balances", [account(good, cashChange="1"), *targets])
    first, *rows = scene.rows(plan)
    assert first.state == "planned"
    assert {row.state for row in rows} == {"skipped"}
    for row, (_, why) in zip(rows, REFUSED, strict=True):
        assert why in row.why


def test_unknown_and_repeated_accounts_are_skipped(scene: Scene) -> None:
    (known,) = scene.account_ids(1)
    plan = scene.preview("change_balances", [account(one, cashChange="1") for one in (known, 424242, known)])
    assert [(row.state, row.why) for row in scene.rows(plan)] == [
        ("planned", ""),
        ("skipped", "The platform has no such account."),
        ("skipped", "It stands in this plan already."),
    ]


def test_a_balance_that_moved_makes_the_preview_stale_and_keeps_a_revert_from_its_row(scene: Scene) -> None:
    moved, still = scene.account_ids(2)
    plan = scene.preview("change_balances", [account(one, cashChange="100") for one in (moved, still)])
    (entity,) = [one for one in scene.expected("cashBalance").values() if one["accountId"] == moved]

    def move(by: float) -> None:
        """As a trade would."""
        amount = round(float(scene.balance(moved)) + by, 2)
        body = {"entityType": "cashBalance", "entity": {"id": entity["id"], "amount": amount}}
        scene.sandbox.control("inject", organization=scene.vendor["name"], **body)
        wait_until(lambda: _mirrored(scene, moved) == Decimal(str(amount)), what="the mirror")

    move(1.0)
    renewed = scene.confirm(plan)
    assert renewed.renewed_from_id == plan.pk
    assert scene.reload(plan).state == Plan.State.STALE
    assert scene.confirm(renewed).state == Plan.State.RUNNING
    scene.work()
    wait_for_mirror(scene, scene.rows(renewed))
    move(-3.0)
    back = revert(scene, scene.reload(renewed))
    assert [(row.state, row.why) for row in scene.rows(back)] == [
        ("skipped", "Changed again since: Balance."),
        ("planned", ""),
    ]


def test_a_peak_alone_is_set_and_put_back(scene: Scene) -> None:
    held = {one: money_of(scene, one) for one in scene.account_ids(12)}
    before = {one: money for one, money in held.items() if money["amount"] < money["maxNetLiq"]}
    ids = list(before)[:2]
    before = {one: before[one] for one in ids}
    assert len(ids) == 2
    plan = scene.start("update_max_net_liq", [account(one) for one in ids], parameters={"maxNetLiq": "balance"})
    scene.work()
    rows = scene.rows(plan)
    assert {row.state for row in rows} == {"succeeded"}
    for one in ids:
        assert money_of(scene, one) == {**before[one], "maxNetLiq": before[one]["amount"]}
    wait_for_mirror(scene, rows)
    again = scene.preview("update_max_net_liq", [account(ids[0])], parameters={"maxNetLiq": "balance"})
    assert scene.rows(again)[0].why == "The peak is there already."
    back = scene.confirm(revert(scene, plan))
    assert back.state == Plan.State.RUNNING
    scene.work()
    assert {one: money_of(scene, one) for one in ids} == before


def test_where_the_peak_is_refused_after_the_money_moved_a_retry_moves_no_money(scene: Scene) -> None:
    (id_,) = scene.account_ids(1)
    before = money_of(scene, id_)
    scene.sandbox.control("write", fault="errorText", path=PEAK, text="Not now")
    plan = scene.start("change_balances", [account(id_, cashChange="500", maxNetLiq="70000")])
    scene.work()
    (row,) = scene.rows(plan)
    assert (row.state, row.why) == ("rejected", "Not now")
    assert money_of(scene, id_)["amount"] == row.new["amount"]
    assert scene.reload(plan).state == Plan.State.FINISHED
    wait_until(lambda: _mirrored(scene, id_) == Decimal(row.new["amount"]), what="the mirror")
    with scene.scope():
        again = plans.retry_failed(plan=plan, actor=Actor.staff(scene.actor), now=timezone.now())
    assert scene.confirm(again).state == Plan.State.RUNNING
    scene.work()
    assert {one.state for one in scene.rows(again)} == {"succeeded"}
    assert money_of(scene, id_) == {"amount": row.new["amount"], "maxNetLiq": "70000"}
    assert scene.writes(ADJUST) == {"applied": 1}
    wait_for_mirror(scene, scene.rows(again))
    back = revert(scene, scene.reload(plan))
    assert [one.state for one in scene.rows(back)] == ["planned"]
    assert scene.confirm(back).state == Plan.State.RUNNING
    scene.work()
    assert money_of(scene, id_) == before


def test_a_plan_about_money_needs_a_reason(scene: Scene) -> None:
    (id_,) = scene.account_ids(1)
    plan = scene.preview("change_balances", [account(id_, cashChange="5")], reason="  ")
    with pytest.raises(InvalidFields, match="reason"):
        scene.confirm(plan)
    assert scene.reload(plan).state == Plan.State.PREVIEW
    with scene.scope():
        plan = plans.confirm(plan=plan, actor=Actor.staff(scene.actor), reason="Goodwill", now=timezone.now())
    assert (plan.state, plan.reason) == (Plan.State.RUNNING, "Goodwill")


def _mirrored(scene: Scene, account_id: int) -> Decimal | None:
    with scene.scope():
        return CashBalance.objects.get(account_id=account_id, environment="demo").amount
