"""The forms of money, accounts and limits: what is typed becomes the plan that was meant, and nothing else."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.support.plan_desk import page, plan_of, preview, rows_of, start_url
from vendor_admin.operations.actions import all_actions
from vendor_admin.operations.kinds import all_kinds
from vendor_admin.organizations.roles import Right

pytestmark = pytest.mark.pages

NEW = {
    "member": "1", "count": "2", "template": "77", "letters": "EVALNEW", "first_number": "007", "balance": "50000",
    "drawdown_mode": "EOD",
}  # fmt: skip


def _errors(client: Client, action: str, entity_type: str, ids: list[int], **data: str) -> dict[str, list[str]]:
    response = client.post(start_url(action, entity_type, ids), {"reason": "a test", **data})
    assert response.status_code == 200, "it was previewed"
    return dict(response.context["form"].errors)


def _money(write, alpha, account_id: int = 10_001) -> None:
    write.mirror("cashBalance", alpha, 900 + account_id, account_id=account_id, amount=50_000, currency_id=1)


def test_every_kind_that_people_may_start_has_an_action():
    by_programs_alone = {kind.name for kind in all_kinds() if kind.right is Right.PLACE_ORDERS}
    begun_by_others = {"give_again", *by_programs_alone}  # the way back of cancelling
    offered = {action.kind_name for action in all_actions()}

    assert {kind.name for kind in all_kinds() if not kind.name.startswith("test_")} - offered == begun_by_others


def test_every_form_opens_for_one_thing_and_for_several(alice: Client, alpha, trading_day):
    trading_day(2)
    for action in all_actions():
        for entity_type in action.on if action.takes_selection else ("",):
            ids = [10_001, 10_002] if entity_type in ("account", "userAccountAutoLiq", "accountRiskStatus") else [1, 2]
            for chosen in (ids[:1], ids):
                response = alice.get(start_url(action.name, entity_type, chosen if entity_type else []), follow=True)
                assert response.status_code == 200, (action.name, entity_type)
                step = "Ask the platform now" if action.only_asks else "Preview"
                button = "Check the file" if action.only_file else step
                assert f"{button}</button>" in response.content.decode(), action.name


def test_a_balance_change_shows_the_new_balance_and_the_floor(alice: Client, alpha, trading_day, write):
    trading_day(1)
    _money(write, alpha)

    plan_id = preview(
        alice, [10_001], action="change-balances", entity_type="account", cash_change="-250.5", by="adjustCash",
        cash_change_type="Debit", peak="keep",
    )  # fmt: skip

    [row] = rows_of(alpha, plan_id)
    assert (row.state, row.old["amount"], row.new["amount"]) == ("planned", "50000", "49749.5")
    assert plan_of(alpha, plan_id).parameters == {
        "cashChange": "-250.5", "by": "adjustCash", "cashChangeType": "Debit", "maxNetLiq": "keep",
    }  # fmt: skip
    assert "49,749.50" in page(alice, plan_id)


def test_the_balances_of_a_list_lead_to_their_accounts(alice: Client, alpha, trading_day, write):
    trading_day(1)
    _money(write, alpha)

    plan_id = preview(
        alice, [10_901], action="change-balances", entity_type="cashBalance", cash_change="10", by="changeDemoBalance",
        cash_change_type="ManualAdjustment",
    )  # fmt: skip

    assert [(row.target_type, row.target_id) for row in rows_of(alpha, plan_id)] == [("account", 10_001)]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"cash_change": "0"}, "cash_change"),
        ({"cash_change": "1.005"}, "cash_change"),
        ({"cash_change": "5", "peak": "amount"}, "peak_amount"),
        ({"cash_change": "5", "peak": "keep", "peak_amount": "9"}, "peak_amount"),
        ({"cash_change": "5", "by": "magic"}, "by"),
    ],
)
def test_a_balance_change_that_makes_no_sense_is_refused_beside_its_field(alice, trading_day, typed, field):
    trading_day(1)
    data = {"by": "adjustCash", "cash_change_type": "Debit", **typed}

    assert field in _errors(alice, "change-balances", "account", [10_001], **data)


def test_the_peak_is_set_to_an_amount_or_to_what_the_account_holds(alice: Client, alpha, trading_day, write):
    trading_day(1)
    _money(write, alpha)

    for typed, new in (({"peak": "balance"}, "50000"), ({"peak": "amount", "peak_amount": "51000"}, "51000")):
        plan_id = preview(alice, [10_001], action="set-peak", entity_type="account", **typed)
        assert rows_of(alpha, plan_id)[0].new["maxNetLiq"] == new


def test_accounts_are_made_with_counted_names_and_the_risk_that_templates_lack(alice: Client, alpha, trading_day):
    trading_day(1)
    plan_id = preview(
        alice, [], action="create-accounts", entity_type="", **NEW, daily_loss="1100", drawdown="2500.50",
        stays_locked="on", position_limit="5",
    )  # fmt: skip

    rows = rows_of(alpha, plan_id)
    assert [row.new["name"] for row in rows] == ["EVALNEW007", "EVALNEW008"]
    assert {row.new["userId"] for row in rows} == {1}
    assert rows[0].new["dailyLossAutoLiq"] == "1100"
    assert rows[0].new["trailingMaxDrawdown"] == "2500.5"
    assert rows[0].new["trailingMaxDrawdownMode"] == "EOD"
    assert rows[0].new["doNotUnlock"] is True
    assert rows[0].new["preTradeRisk"][0]["exposedLimit"] == 5
    assert rows[0].warnings == []


def test_accounts_without_risk_are_warned_about_and_go_to_every_chosen_member(alice: Client, alpha, trading_day):
    trading_day(2)
    typed = {name: value for name, value in NEW.items() if name not in ("member", "count")}

    plan_id = preview(alice, [2, 1], action="create-accounts-for-members", entity_type="user", **typed)

    rows = rows_of(alpha, plan_id)
    assert [(row.new["userId"], row.new["name"]) for row in rows] == [(2, "EVALNEW007"), (1, "EVALNEW008")]
    assert all(len(row.warnings) == 2 for row in rows)
    assert "trailingMaxDrawdownMode" not in rows[0].new


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"letters": "eval"}, "letters"),
        ({"first_number": "1a"}, "first_number"),
        ({"member": "99"}, "member"),
        ({"count": "1001"}, "count"),
        ({"balance": "-1"}, "balance"),
        ({"drawdown_limit": "5"}, "drawdown_limit"),
    ],
)
def test_accounts_that_cannot_be_made_are_refused_beside_their_field(alice, trading_day, typed, field):
    trading_day(1)

    assert field in _errors(alice, "create-accounts", "", [], **{**NEW, **typed})


def test_a_reset_names_the_session_and_begins_with_todays(alice: Client, alpha, trading_day):
    trading_day(1)
    assert 'type="date"' in alice.get(start_url("reset-accounts", "account", [10_001])).content.decode()

    plan_id = preview(alice, [10_001], action="reset-accounts", entity_type="account", session="2026-11-19")

    assert plan_of(alpha, plan_id).parameters == {"tradeDate": "2026-11-19"}


def test_limits_of_one_account_are_shown_and_only_what_is_changed_changes(alice: Client, alpha, trading_day):
    trading_day(1)
    form = alice.get(start_url("set-limits", "account", [10_001])).content.decode()
    assert 'name="trailingMaxDrawdown" value="2000.00"' in form or 'name="trailingMaxDrawdown" value="2000"' in form
    typed = {"trailingMaxDrawdown": "2000", "dailyLossAutoLiq": "900", "doNotUnlock": "yes", "changesLocked": ""}

    plan_id = preview(alice, [10_001], action="set-limits", entity_type="account", **typed)

    [row] = rows_of(alpha, plan_id)
    assert row.wanted == {"dailyLossAutoLiq": "900", "doNotUnlock": True}
    assert row.new["trailingMaxDrawdown"] == "2000"
    same = {"trailingMaxDrawdown": "2000.00"}
    assert "__all__" in _errors(alice, "set-limits", "account", [10_001], **same)


def test_what_is_emptied_for_one_account_is_taken_away(alice: Client, alpha, trading_day):
    trading_day(1)

    plan_id = preview(alice, [10_001], action="set-limits", entity_type="userAccountAutoLiq", trailingMaxDrawdown="")

    [row] = rows_of(alpha, plan_id)
    assert (row.target_type, row.wanted) == ("account", {"trailingMaxDrawdown": None})
    assert row.new["trailingMaxDrawdown"] is None


def test_limits_of_several_accounts_change_where_typed_and_go_where_marked(alice: Client, alpha, trading_day):
    trading_day(2)
    form = alice.get(start_url("set-limits", "account", [10_001, 10_002])).content.decode()
    assert 'name="trailingMaxDrawdown" value' not in form

    plan_id = preview(
        alice, [10_001, 10_002], action="set-limits", entity_type="account", dailyLossAutoLiq="800",
        take_away="trailingMaxDrawdown",
    )  # fmt: skip

    for row in rows_of(alpha, plan_id):
        assert row.wanted == {"trailingMaxDrawdown": None, "dailyLossAutoLiq": "800"}
        assert row.state == "planned"
    both = {"trailingMaxDrawdown": "5", "take_away": "trailingMaxDrawdown"}
    assert "trailingMaxDrawdown" in _errors(alice, "set-limits", "account", [10_001, 10_002], **both)
    assert "__all__" in _errors(alice, "set-limits", "account", [10_001, 10_002])


def test_position_limits_and_risk_parameters_are_added_changed_and_deleted(alice: Client, alpha, trading_day, write):
    trading_day(1)
    limit = {"account_id": 10_001, "active": True, "total_by": "Overall", "exposed_limit": 5}
    write.mirror("userAccountPositionLimit", alpha, 50, **limit)
    write.mirror("userAccountRiskParameter", alpha, 60, user_account_position_limit_id=50, max_opening_order_qty=3)

    def new(action: str, entity_type: str, entity_id: int, **data: str) -> dict:
        [row] = rows_of(alpha, preview(alice, [entity_id], action=action, entity_type=entity_type, **data))
        assert row.state == "planned", row.why
        return row.new

    added = new("add-position-limit", "account", 10_001, totalBy="Product", longLimit="3", active="yes", productId="9")
    assert added == {"accountId": 10_001, "active": True, "totalBy": "Product", "longLimit": 3, "productId": 9}
    whole = {"totalBy": "Overall", "active": "yes"}
    changed = new("change-position-limits", "userAccountPositionLimit", 50, **whole, exposedLimit="7")
    assert changed["exposedLimit"] == 7
    parameter = new("add-risk-parameter", "userAccountPositionLimit", 50, maxOpeningOrderQty="2", hardLimit="no")
    assert (parameter["maxOpeningOrderQty"], parameter["hardLimit"]) == (2, False)
    raised = new("change-risk-parameters", "userAccountRiskParameter", 60, maxOpeningOrderQty="4")
    assert raised["maxOpeningOrderQty"] == 4
    gone = preview(alice, [60], action="delete-risk-parameters", entity_type="userAccountRiskParameter")
    assert "<ins>–</ins>" in page(alice, gone)
    assert new("delete-position-limits", "userAccountPositionLimit", 50) == {}


def test_the_lists_of_limits_offer_what_can_be_done_to_them(alice: Client, alpha, trading_day, write):
    trading_day(1)
    write.mirror("userAccountPositionLimit", alpha, 50, account_id=10_001, active=True, total_by="Overall")

    for name, action in (
        ("useraccountautoliq", "set-limits"),
        ("accountriskstatus", "set-limits"),
        ("useraccountpositionlimit", "change-position-limits"),
        ("cashbalance", "change-balances"),
    ):
        shown = alice.get(reverse(f"admin:mirrors_{name}_changelist")).content.decode()
        assert f'<option value="{action}">' in shown, name
