"""Making accounts from a template, and putting accounts back to a session's open."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from tests.support.running_hub import wait_until
from tests.support.scene import Scene
from vendor_admin.errors import Conflict
from vendor_admin.mirrors.models import Account, CashBalance, TradingPermission
from vendor_admin.operations.kinds import Target, plain
from vendor_admin.operations.models import Plan
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor
from vendor_admin.tradovate.trading_calendar import session_date

CREATE, RESET = "user/createevaluationaccounts", "account/resetdemoaccountstate"
RISK = {"dailyLossAutoLiq": "1100", "trailingMaxDrawdown": "2500.5", "trailingMaxDrawdownMode": "EOD"}
LIMIT = {"active": True, "totalBy": "Overall", "exposedLimit": 5, "parameters": [{"maxOpeningOrderQty": 5}]}


def new_account(**wanted: Any) -> Target:
    return Target("account", None, wanted)


def template(scene: Scene) -> int:
    found: int = scene.sandbox.control("ids", organization=scene.vendor["name"])["templates"][0]["id"]
    return found


def user_ids(scene: Scene, count: int) -> list[int]:
    """Members who are not closed."""
    users = scene.expected("user", "live")
    ids = dict.fromkeys(one.user_id or 0 for one in scene.permissions())
    found = [one for one in ids if users[one]["status"] != "Closed"][:count]
    assert len(found) == count
    return found


def by_name(scene: Scene, name: str) -> dict[str, Any]:
    (found,) = [one for one in scene.expected("account").values() if one["name"] == name]
    return found


def today() -> str:
    return session_date(timezone.now()).isoformat()


def test_accounts_come_with_permission_balance_and_risk_as_previewed(scene: Scene) -> None:
    first, second = user_ids(scene, 2)
    plan = scene.start(
        "create_accounts",
        [
            new_account(userId=first, name="MAIN1"),
            new_account(userId=second, name="MAIN2", initialBalance="25000", postTradeRisk={"weeklyLossAutoLiq": "0"}),
        ],
        parameters={
            "templateAccountId": template(scene),
            "initialBalance": "50000",
            "postTradeRisk": RISK,
            "preTradeRisk": [LIMIT],
        },
    )
    assert plan.calls_needed == 1
    with_risk, without = scene.rows(plan)
    assert with_risk.warnings == []
    assert [warning.split(":")[0] for warning in without.warnings] == ["No daily loss limit", "No trailing drawdown"]
    scene.work()
    rows = scene.rows(plan)
    assert {row.state for row in rows} == {"succeeded"}
    permissions, limits = scene.expected("tradingPermission"), scene.expected("userAccountPositionLimit")
    for row in rows:
        account = by_name(scene, row.new["name"])
        assert account["userId"] == row.new["userId"]
        assert plain(scene.balance(account["id"])) == row.new["amount"]
        settings = scene.expected("userAccountAutoLiq")[account["id"]]
        held = {
            name: value if isinstance(value, str) else plain(Decimal(str(value))) for name, value in settings.items()
        }
        del held["id"]
        assert held == {name: row.new[name] for name in RISK if name in row.new}
        (granted,) = [one for one in permissions.values() if one["accountId"] == account["id"]]
        assert (granted["status"], granted["userId"]) == ("Accepted", row.new["userId"])
        (limit,) = [one for one in limits.values() if one["accountId"] == account["id"]]
        assert limit["exposedLimit"] == row.new["preTradeRisk"][0]["exposedLimit"]


def test_creations_are_reverted_by_revoking_also_where_the_answer_was_lost(scene: Scene) -> None:
    (user_id,) = user_ids(scene, 1)
    scene.sandbox.control("write", fault="no-answer", path=CREATE)
    targets = [new_account(userId=user_id, name=f"LOST{number}") for number in range(2)]
    parameters = {"templateAccountId": template(scene), "initialBalance": "50000"}
    plan = scene.start("create_accounts", targets, parameters=parameters)
    wait_until(lambda: scene.work(seconds=2) is not None and scene.reload(plan).state == Plan.State.FINISHED)
    assert {row.state for row in scene.rows(plan)} == {"succeeded"}
    assert scene.writes(CREATE) == {"applied": 1}
    ids = {by_name(scene, f"LOST{number}")["id"] for number in range(2)}
    with scene.scope():
        made = TradingPermission.objects.filter(account_id__in=ids, environment="demo")
        wait_until(lambda: made.count() == 2 and Account.objects.filter(entity_id__in=ids).exists(), what="the mirror")
        back = plans.revert(plan=plan, actor=Actor.staff(scene.actor), reason="a mistake", now=timezone.now())
    assert back.kind == "revoke_trading_permissions"
    assert scene.confirm(back).state == Plan.State.RUNNING
    scene.work()
    held = scene.expected("tradingPermission").values()
    assert {one["status"] for one in held if one["accountId"] in ids} == {"Revoked"}


def test_faulty_creations_are_skipped_with_the_reason(scene: Scene) -> None:
    (user_id,) = user_ids(scene, 1)
    taken = next(iter(scene.expected("account").values()))["name"]
    whole = {"userId": user_id, "templateAccountId": template(scene), "initialBalance": "50000"}
    wrong: list[tuple[dict[str, Any], str]] = [
        ({**whole, "name": taken}, "is taken"),
        ({**whole, "name": "lower1"}, "name must be capital letters followed by digits"),
        ({**whole, "name": "FINE1", "userId": 7}, "no member 7"),
        ({**whole, "name": "FINE1", "initialBalance": "-5"}, "initialBalance must be 0 or more"),
        ({**whole, "name": "FINE1", "initialBalance": None}, "initialBalance is missing"),
        ({**whole, "name": "FINE1", "postTradeRisk": {"dailyLossAutoLiq": "much"}}, "dailyLossAutoLiq"),
        ({**whole, "name": "FINE1", "preTradeRisk": [{"active": True}]}, "totalBy is missing"),
        ({**whole, "name": "DOUBLE1"}, ""),
        ({**whole, "name": "DOUBLE1"}, "stands in this plan already"),
    ]
    plan = scene.preview("create_accounts", [new_account(**wanted) for wanted, _ in wrong])
    for row, (_, why) in zip(scene.rows(plan), wrong, strict=True):
        assert row.state == ("skipped" if why else "planned")
        assert why in row.why


def test_the_platforms_errors_about_single_accounts_land_on_their_rows(scene: Scene) -> None:
    (user_id,) = user_ids(scene, 1)
    targets = [
        new_account(userId=user_id, name="FINE1", templateAccountId=template(scene)),
        new_account(userId=user_id, name="FINE2", templateAccountId=99),
        new_account(userId=user_id, name="FINE3", templateAccountId=template(scene)),
    ]
    plan = scene.start("create_accounts", targets, parameters={"initialBalance": "50000"})
    scene.work()
    assert [(row.state, row.why) for row in scene.rows(plan)] == [
        ("succeeded", ""),
        ("rejected", "Template account not found"),
        ("succeeded", ""),
    ]
    with scene.scope():
        again = plans.retry_failed(plan=plan, actor=Actor.staff(scene.actor), now=timezone.now())
    assert [row.label.split()[0] for row in scene.rows(again)] == ["FINE2"]


def test_a_reset_takes_accounts_to_the_open_of_the_session(scene: Scene) -> None:
    trading = [one.account_id or 0 for one in scene.permissions()][:3]
    starts = {one: scene.balance(one) for one in trading}
    changed = scene.start("change_balances", [Target("account", one, {"cashChange": "-321.5"}) for one in trading])
    scene.work()
    wanted = {one: start - Decimal("321.5") for one, start in starts.items()}
    with scene.scope():
        own = CashBalance.objects.filter(account_id__in=trading, environment="demo")
        wait_until(lambda: dict(own.values_list("account_id", "amount")) == wanted, what="the mirror")
    revoked = [one.account_id for one in scene.permissions(status="Revoked")][:1]
    plan = scene.start(
        "reset_accounts",
        [Target("account", one) for one in [*trading, *revoked, 424242]],
        parameters={"tradeDate": today()},
    )
    assert plan.is_money
    assert plan.calls_needed == 1
    rows = scene.rows(plan)
    assert [row.state for row in rows[3:]] == ["skipped"] * (len(revoked) + 1)
    assert all("No trading permission is in force" in row.why for row in rows[3:-1])
    for row in rows[:3]:
        assert "cannot be undone" not in " ".join(row.warnings)
        assert Decimal(row.new["amount"]) - Decimal(row.old["amount"]) == Decimal("321.5")
        assert Decimal(row.new["room"]) - Decimal(row.old["room"]) == Decimal("321.5")
    scene.work()
    assert {row.state for row in scene.rows(plan)[:3]} == {"succeeded"}
    assert {one: scene.balance(one) for one in trading} == starts
    with scene.scope(), pytest.raises(Conflict, match="cannot be reverted"):
        plans.revert(plan=plan, actor=Actor.staff(scene.actor), reason="a mistake", now=timezone.now())
    assert scene.reload(changed).state == Plan.State.FINISHED


def test_a_session_that_is_not_known_is_asked_for_account_by_account(scene: Scene) -> None:
    trading = [one.account_id or 0 for one in scene.permissions()][:2]
    before = {one: scene.balance(one) for one in trading}
    long_ago = (session_date(timezone.now()) - timedelta(days=200)).isoformat()
    targets = [Target("account", one) for one in trading]
    waiting = scene.confirm(scene.preview("reset_accounts", targets, parameters={"tradeDate": long_ago}))
    assert waiting.second_person_why == "How much it moves is not known of 2 of 2 rows: that needs a second person."
    with scene.scope():
        plan = plans.approve(plan=waiting, actor=Actor.staff("casey"), now=timezone.now())
    assert (plan.state, plan.calls_needed) == (Plan.State.RUNNING, 2)
    assert all("is not known here" in " ".join(row.warnings) for row in scene.rows(plan))
    scene.work()
    for row in scene.rows(plan):
        assert row.state == "rejected"
        assert "No start-of-day balance" in row.why
    assert {one: scene.balance(one) for one in trading} == before


@pytest.mark.parametrize(
    ("day", "why"), [("", "Say which session"), ("soon", "Say which session"), ("2999-01-01", "has not begun")]
)
def test_a_reset_without_a_good_date_is_skipped(scene: Scene, day: str, why: str) -> None:
    plan = scene.preview("reset_accounts", [Target("account", 1)], parameters={"tradeDate": day})
    (row,) = scene.rows(plan)
    assert row.state == "skipped"
    assert why in row.why
