"""Memberships, entitlements and market data: added, ended and reverted as previewed, paid from the billing account."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.billing.billing_account import billing_accounts, set_billing_account
from accounts.subscriptions.agreements import is_sim_plus
from accounts.subscriptions.entitlements import AddEntitlements, ChangePlugins
from accounts.subscriptions.market_data import AddMarketData, ExpireMarketData
from accounts.subscriptions.memberships import AddMemberships, CancelMemberships
from tests.support.scene import Scene
from tests.support.vendor_members import members, new_member, of_user, platform_ids, wait_for_mirror
from vendor_admin.errors import InvalidFields
from vendor_admin.mirrors.models import (
    Account,
    Entitlement,
    GenericEntity,
    MarketDataSubscription,
    MarketDataSubscriptionPlan,
    PlatformUser,
    TradovateSubscription,
    TradovateSubscriptionPlan,
    UserPlugin,
)
from vendor_admin.operations.kinds import PlanRequest, RowDraft, Target
from vendor_admin.operations.models import Operation, Plan
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import AuditEntry
from vendor_admin.tradovate.trading_calendar import month_to_add

SIM_PLUS, REPLAY, TOP, DOM = 31, 12, 41, 42


@pytest.fixture
def member(scene: Scene) -> int:
    """A member who has nothing yet."""
    plan = scene.start("create_members", [new_member(1)])
    scene.work("live")
    user_id: int = scene.rows(plan)[0].result["user/createevaluationusers"]["userId"]
    wait_for_mirror(scene, PlatformUser, entity_id=user_id, environment="live")
    return user_id


def _drafts(
    scene: Scene, kind: Any, targets: Sequence[Target], *, now: dt.datetime | None = None, **parameters: Any
) -> list[RowDraft]:
    with scene.scope():
        return list(kind.drafts(PlanRequest(scene.organization.pk, targets, parameters, now or timezone.now())))


def _plan_id(scene: Scene) -> int:
    plan_id: int = platform_ids(scene)["tradovateSubscriptionPlan"]["NORTHWIND_MONTHLY"]
    return plan_id


def _change_plan(
    scene: Scene, *, entity_type: str = "tradovateSubscriptionPlan", entity_id: int, **fields: Any
) -> None:
    """Let the platform's plan change, with the event."""
    scene.sandbox.control(
        "inject",
        organization=scene.vendor["name"],
        environment="live",
        entityType=entity_type,
        entity={"id": entity_id} | fields,
    )


def _revert(scene: Scene, plan: Plan) -> Plan:
    with scene.scope():
        back = plans.revert(plan=plan, actor=Actor.staff(scene.actor), reason="a mistake", now=timezone.now())
    assert scene.confirm(back).state == Plan.State.RUNNING
    scene.work("live")
    assert {row.state for row in scene.rows(back)} == {"succeeded"}, [row.why for row in scene.rows(back)]
    return back


def test_a_membership_is_added_paid_and_taken_back(scene: Scene, member: int) -> None:
    _change_plan(scene, entity_id=_plan_id(scene), price=30.0)
    wait_for_mirror(scene, TradovateSubscriptionPlan, entity_id=_plan_id(scene), price=Decimal(30))
    has_one = members(scene)[0].entity_id
    wanted = {"tradovateSubscriptionPlanId": _plan_id(scene)}
    targets = [Target("user", member, wanted), Target("user", has_one, wanted)]
    plan = scene.start("add_memberships", targets)
    assert plan.is_money
    row, skipped = scene.rows(plan)
    assert skipped.why.startswith("The member has")
    assert row.new["accountId"] == platform_ids(scene)["billing_account_id"]
    scene.work("live")
    [added] = of_user(scene, "tradovateSubscription", member)
    assert added.items() >= {**row.new, "planPrice": 30.0}.items()
    wait_for_mirror(scene, TradovateSubscription, entity_id=added["id"])
    _revert(scene, plan)
    [ended] = of_user(scene, "tradovateSubscription", member)
    assert ended["cancelledRenewal"] is True
    assert ended["expirationDate"] != added["expirationDate"]


def test_a_membership_is_cancelled_with_its_period_or_at_once(scene: Scene) -> None:
    with scene.scope():
        running = TradovateSubscription.objects.filter(environment="live", cancelled_renewal=False)
        first, second = running.order_by("entity_id")[:2]
    targets = [
        Target("tradovateSubscription", first.entity_id, {"cancelReason": "Failed"}),
        Target("tradovateSubscription", second.entity_id, {"expire": True}),
        Target("tradovateSubscription", 5),
    ]
    plan = scene.start("cancel_memberships", targets)
    rows = scene.rows(plan)
    assert rows[2].why == "The platform has no such membership."
    scene.work("live")
    held = scene.expected("tradovateSubscription", "live")
    assert (held[first.entity_id]["cancelledRenewal"], held[first.entity_id]["cancelReason"]) == (True, "Failed")
    assert held[second.entity_id]["cancelReason"] == "a test"
    for one in (first, second):
        wait_for_mirror(scene, TradovateSubscription, entity_id=one.entity_id, cancelled_renewal=True)
    again = _drafts(scene, CancelMemberships(), targets[:2])
    assert [draft.why_skipped for draft in again] == [
        "It is cancelled already, and ends with its period.",
        "It is over already.",
    ]
    back = _revert(scene, plan)
    assert [row.target_id for row in scene.rows(back)] == [second.user_id]
    assert len(of_user(scene, "tradovateSubscription", second.user_id or 0)) == 2


def test_sim_plus_waits_for_the_signature_however_the_platform_tells_of_it(scene: Scene, member: int) -> None:
    other = scene.start("create_members", [new_member(2)])
    scene.work("live")
    second: int = scene.rows(other)[0].result["user/createevaluationusers"]["userId"]
    wait_for_mirror(scene, PlatformUser, entity_id=second, environment="live")
    targets = [Target("user", user_id, {"entitlementId": SIM_PLUS}) for user_id in (member, second)]
    plan = scene.preview("add_entitlements", targets)
    assert [row.state for row in scene.rows(plan)] == ["skipped", "skipped"]
    assert "No signature of the market data agreement is known" in scene.rows(plan)[0].why

    sign: dict[str, Any] = {"organization": scene.vendor["name"]}
    scene.sandbox.control("sign-agreement", user=member, **sign)
    scene.sandbox.control("sign-agreement", user=second, other_environment=True, **sign)
    wait_for_mirror(scene, GenericEntity, type_name="adminAlertSignal", environment="live")
    wait_for_mirror(scene, GenericEntity, type_name="OtherEnvAdminAlertSignal", environment="demo")
    plan = scene.start("add_entitlements", targets)
    scene.work("live")
    for row in scene.rows(plan):
        assert row.state == "succeeded"
        [plugin] = of_user(scene, "userPlugin", row.target_id or 0)
        assert plugin.items() >= {**row.new, "planPrice": 0.0}.items()
        wait_for_mirror(scene, UserPlugin, entity_id=plugin["id"], approval=True)
    assert "already" in _drafts(scene, AddEntitlements(), targets)[0].why_skipped
    _revert(scene, plan)
    assert [of_user(scene, "userPlugin", one)[0]["approval"] for one in (member, second)] == [False, False]


def test_a_person_may_vouch_for_a_signature_of_which_no_notice_came(scene: Scene, member: int) -> None:
    target = Target("user", member, {"entitlementId": SIM_PLUS})
    unsigned = scene.start("add_entitlements", [target], parameters={"agreementKnown": True})
    assert "you say that the member signed" in scene.rows(unsigned)[0].warnings[0]
    scene.work("live")
    assert scene.rows(unsigned)[0].why == "The user has not signed the market data agreement"
    scene.sandbox.control("sign-agreement", organization=scene.vendor["name"], user=member, notice=False)
    with scene.scope():
        again = plans.retry_failed(plan=unsigned, actor=Actor.staff(scene.actor), now=timezone.now())
    assert scene.confirm(again).state == Plan.State.RUNNING
    scene.work("live")
    assert scene.rows(again)[0].state == "succeeded"


def test_plugins_are_withdrawn_and_approved_again(scene: Scene) -> None:
    with scene.scope():
        first, second = UserPlugin.objects.filter(environment="live").order_by("entity_id")[:2]
    targets = [
        Target("userPlugin", first.entity_id, {"approval": False}),
        Target("userPlugin", second.entity_id, {"approval": True}),
        Target("userPlugin", 5, {"approval": False}),
        Target("userPlugin", second.entity_id, {"approval": "no"}),
    ]
    plan = scene.start("change_plugin_permissions", targets)
    assert [row.state for row in scene.rows(plan)] == ["queued", "skipped", "skipped", "skipped"]
    scene.work("live")
    assert scene.expected("userPlugin", "live")[first.entity_id]["approval"] is False
    wait_for_mirror(scene, UserPlugin, entity_id=first.entity_id, approval=False)
    _revert(scene, plan)
    assert scene.expected("userPlugin", "live")[first.entity_id]["approval"] is True


def test_an_older_plugin_of_the_same_name_is_not_touched(scene: Scene) -> None:
    with scene.scope():
        old = UserPlugin.objects.filter(environment="live").order_by("entity_id").first()
    assert old is not None
    newer = scene.expected("userPlugin", "live")[old.entity_id] | {"id": 99_999_999}
    _change_plan(scene, entity_type="userPlugin", entity_id=newer.pop("id"), **newer)
    wait_for_mirror(scene, UserPlugin, entity_id=99_999_999)
    [draft] = _drafts(scene, ChangePlugins(), [Target("userPlugin", old.entity_id, {"approval": False})])
    assert "newer plug-in of this name" in draft.why_skipped


def test_market_data_is_added_for_the_month_and_expires_on_revert(scene: Scene, member: int) -> None:
    month = month_to_add(timezone.now())
    has_top = members(scene)[0].entity_id
    targets = [
        Target("user", member, {"marketDataSubscriptionPlanIds": [TOP, DOM]}),
        Target("user", has_top, {"marketDataSubscriptionPlanIds": [TOP]}),
        Target("user", members(scene)[1].entity_id, {"marketDataSubscriptionPlanIds": [DOM, 5]}),
        Target("user", members(scene)[2].entity_id, {"marketDataSubscriptionPlanIds": [DOM], "year": 2020, "month": 1}),
    ]
    plan = scene.start("add_market_data", targets)
    row, has_it, unknown, over = scene.rows(plan)
    assert (row.new["year"], row.new["month"], row.new["planPrice"]) == (month.year, month.month, "20")
    assert "already" in has_it.why
    assert "no market data plan" in unknown.why
    assert over.why.startswith("month must")
    scene.work("live")
    added = of_user(scene, "marketDataSubscription", member)
    assert [one["marketDataSubscriptionPlanId"] for one in added] == [TOP, DOM]
    for one in added:
        shared = ("userId", "year", "month", "accountId")
        assert {name: one[name] for name in shared} == {name: row.new[name] for name in shared}
        wait_for_mirror(scene, MarketDataSubscription, entity_id=one["id"])
    back = _revert(scene, plan)
    assert {one["expired"] for one in of_user(scene, "marketDataSubscription", member)} == {True}

    for one in added:
        wait_for_mirror(scene, MarketDataSubscription, entity_id=one["id"], expired=True)
    _revert(scene, back)
    assert (
        sorted(one["expired"] for one in of_user(scene, "marketDataSubscription", member)) == [False] * 2 + [True] * 2
    )


def test_a_month_that_ended_before_its_turn_came_is_not_sent(scene: Scene, member: int) -> None:
    plan = scene.start("add_market_data", [Target("user", member, {"marketDataSubscriptionPlanIds": [TOP]})])
    with scene.scope():
        operation = Operation.objects.get(plan=plan)
        operation.request |= {"year": operation.request["year"] - 1}
        operation.save()
    scene.work("live")
    [row] = scene.rows(plan)
    assert row.state == "rejected"
    assert row.why.startswith("Not sent, since it is no longer right: month must")
    assert scene.writes("user/addmarketdatasubscription") == {}
    assert of_user(scene, "marketDataSubscription", member) == []


def test_what_was_found_by_reading_can_be_reverted_too(scene: Scene, member: int) -> None:
    for path in ("user/addtradovatesubscription", "userPlugin/addentitlementsubscription"):
        scene.sandbox.control("write", path=path, fault="no-answer", applies=True)
    wanted = {"tradovateSubscriptionPlanId": _plan_id(scene)}
    memberships = scene.start("add_memberships", [Target("user", member, wanted)])
    scene.work("live")
    entitlements = scene.start("add_entitlements", [Target("user", member, {"entitlementId": REPLAY})])
    scene.work("live")
    for plan, entity_type, model in (
        (memberships, "tradovateSubscription", TradovateSubscription),
        (entitlements, "userPlugin", UserPlugin),
    ):
        [row] = scene.rows(plan)
        assert (row.state, "settled" in str(row.result)) == ("succeeded", True)
        [added] = of_user(scene, entity_type, member)
        wait_for_mirror(scene, model, entity_id=added["id"])
        back = _revert(scene, plan)
        assert [one.target_id for one in scene.rows(back)] == [added["id"]]


@pytest.mark.parametrize(
    ("now", "month", "warning"),
    [
        (dt.datetime(2026, 11, 12, 18, tzinfo=dt.UTC), (2026, 11), ""),
        (
            dt.datetime(2026, 12, 1, 0, 59, tzinfo=dt.UTC),
            (2026, 11),
            "At 19:00 Central on 2026-11-30 everything renews",
        ),
        (dt.datetime(2026, 12, 1, 1, 0, tzinfo=dt.UTC), (2026, 12), "Renewals run until 04:00 Central"),
    ],
)
def test_the_month_to_add_changes_at_nineteen_central(
    scene: Scene, now: dt.datetime, month: tuple[int, int], warning: str
) -> None:
    target = Target("user", members(scene)[0].entity_id, {"marketDataSubscriptionPlanIds": [DOM]})
    [draft] = _drafts(scene, AddMarketData(), [target], now=now)
    assert (draft.new["year"], draft.new["month"]) == month
    assert [one.startswith(warning) for one in draft.warnings] == ([True] if warning else [])


def test_what_cannot_be_had_or_paid_is_set_apart_or_warned_of(scene: Scene, member: int) -> None:
    plan_id, billing = _plan_id(scene), platform_ids(scene)["billing_account_id"]
    demo_account = scene.permissions()[0].account_id
    refused: list[tuple[Any, dict[str, Any], str]] = [
        (AddMemberships(), {"tradovateSubscriptionPlanId": 5}, "no membership plan 5"),
        (AddMemberships(), {"tradovateSubscriptionPlanId": "5"}, "no membership plan 5"),
        (AddMemberships(), {"tradovateSubscriptionPlanId": plan_id, "expire": True}, "Not known here: expire"),
        (AddMemberships(), {"tradovateSubscriptionPlanId": plan_id, "accountId": demo_account}, "to pay from"),
        (AddEntitlements(), {"entitlementId": 5}, "no entitlement 5"),
        (AddMarketData(), {"marketDataSubscriptionPlanIds": []}, "no market data plan"),
        (AddMarketData(), {"marketDataSubscriptionPlanIds": TOP}, "no market data plan"),
    ]
    for kind, wanted, words in refused:
        assert words in _drafts(scene, kind, [Target("user", member, wanted)])[0].why_skipped
    assert _drafts(scene, AddMemberships(), [Target("user", 5, {})])[0].why_skipped == (
        "The organization has no such member."
    )
    users = [one.entity_id for one in members(scene)]
    wanted_by_all = [Target("user", one, {"marketDataSubscriptionPlanIds": [DOM]}) for one in users]
    mid_month = timezone.now().replace(day=15)  # at a month's end everything is warned of
    drafts = _drafts(scene, AddMarketData(), wanted_by_all, now=mid_month)
    assert [draft.cost for draft in drafts] == [Decimal(16)] * len(users)
    assert not any(draft.warnings for draft in drafts)

    _change_plan(
        scene, entity_type="marketDataSubscriptionPlan", entity_id=DOM, price=1_000.0, professional="Professional"
    )
    wait_for_mirror(scene, MarketDataSubscriptionPlan, entity_id=DOM, price=1_000)
    dear = _drafts(scene, AddMarketData(), wanted_by_all, now=mid_month)
    assert [any("may not have enough money" in one for one in draft.warnings) for draft in dear[:4]] == [
        False, False, True, True,
    ]  # fmt: skip
    assert all("is for Professional users" in draft.warnings[0] for draft in dear)
    assert {draft.new["accountId"] for draft in dear} == {billing}


def test_the_paying_account_is_found_by_its_name_or_set(scene: Scene, member: int) -> None:
    organization, billing = scene.organization, platform_ids(scene)["billing_account_id"]
    target = Target("user", member, {"entitlementId": REPLAY})
    account = scene.expected("account", "live")[billing]
    _change_plan(scene, entity_type="account", entity_id=77, **{**account, "id": 77, "name": "OTHER_DATA"})
    wait_for_mirror(scene, Account, entity_id=77, environment="live")
    with scene.scope():
        assert [one.name for one in billing_accounts(organization)] == ["NORTHWIND_DATA", "OTHER_DATA"]
    assert "Several LIVE accounts" in _drafts(scene, AddEntitlements(), [target])[0].why_skipped
    with scene.scope():
        with pytest.raises(InvalidFields):
            set_billing_account(organization=organization, account_id=5, actor=Actor.staff("riley"))
        set_billing_account(organization=organization, account_id=77, actor=Actor.staff("riley"))
        assert AuditEntry.objects.get(action="billing account set").new == {"account": 77}
    assert _drafts(scene, AddEntitlements(), [target])[0].new["accountId"] == 77
    chosen = Target("user", member, {"entitlementId": REPLAY, "accountId": billing})
    assert _drafts(scene, AddEntitlements(), [chosen])[0].new["accountId"] == billing
    with scene.scope():
        set_billing_account(organization=organization, account_id=None, actor=Actor.staff("riley"))
    _change_plan(scene, entity_type="account", entity_id=77, name="OTHER")
    _change_plan(scene, entity_type="account", entity_id=billing, name="NORTHWIND")
    wait_for_mirror(scene, Account, entity_id=billing, name="NORTHWIND")
    wait_for_mirror(scene, Account, entity_id=77, name="OTHER")
    assert _drafts(scene, AddEntitlements(), [target])[0].why_skipped.startswith("No billing account is known")


def test_previews_take_as_many_queries_for_many_as_for_few(scene: Scene) -> None:
    known = [one.entity_id for one in members(scene)]
    with scene.scope():
        held = {
            model: list(model.objects.filter(environment="live").values_list("entity_id", flat=True))
            for model in (TradovateSubscription, UserPlugin, MarketDataSubscription)
        }
    cases: list[tuple[Any, list[int], str, dict[str, Any]]] = [
        (AddMemberships(), known, "user", {"tradovateSubscriptionPlanId": _plan_id(scene)}),
        (AddEntitlements(), known, "user", {"entitlementId": REPLAY}),
        (AddMarketData(), known, "user", {"marketDataSubscriptionPlanIds": [DOM]}),
        (CancelMemberships(), held[TradovateSubscription], "tradovateSubscription", {}),
        (ChangePlugins(), held[UserPlugin], "userPlugin", {"approval": False}),
        (ExpireMarketData(), held[MarketDataSubscription], "marketDataSubscription", {}),
    ]
    for kind, ids, entity_type, wanted in cases:

        def queries(
            count: int, kind: Any = kind, ids: list[int] = ids, entity_type: str = entity_type, wanted: Any = wanted
        ) -> int:
            targets = [Target(entity_type, ids[number % len(ids)], wanted) for number in range(count)]
            with scene.scope(), CaptureQueriesContext(connection) as captured:
                _drafts(scene, kind, targets)
            return len(captured)

        assert queries(10) == queries(500), kind.name


@pytest.mark.parametrize(
    ("name", "title", "expected"),
    [("T-Prop", "T-Prop", True), ("x", "Sim+ (T-Prop)", True), ("SimPlus", None, True), ("Sim", "Simulation", False)],
)
def test_sim_plus_is_known_by_its_names(name: str, title: str | None, expected: bool) -> None:
    assert is_sim_plus(Entitlement(name=name, title=title)) is expected
    assert is_sim_plus(UserPlugin(plugin_name=title or name)) is expected
