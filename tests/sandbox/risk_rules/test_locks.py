"""What keeps an account of the sandbox from trading: its own state, permissions, admins' locks, auto-liquidation's."""

import datetime as dt

import pytest

from tests.sandbox.risk_rules.cast import ES, NOW, account, buy, reason, sell, sent, works
from vendor_admin.sandbox.risk_rules.account_state import Lock, LockEnd

LONG = {ES: 2}


def test_an_account_that_nothing_is_wrong_with_trades():
    assert reason(buy(), account()) == ""


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"is_closed": True}, "AccountClosed"),
        ({"has_permission": False}, "Unauthorized"),
        ({"is_readonly": True}, "Unauthorized"),
        ({"is_restricted": True}, "TradingLocked"),
        ({"locked_out_until": NOW + dt.timedelta(minutes=1)}, "TradingLocked"),
        ({"locked_out_until": NOW}, ""),
    ],
)
def test_an_account_that_may_not_trade_neither_opens_nor_closes(fields, expected):
    state = account(positions=LONG, **fields)
    assert (reason(buy(), state), reason(sell(), state)) == (expected, expected)


@pytest.mark.parametrize(
    ("action", "opening", "closing"),
    [
        ("Normal", "", ""),
        ("LockTradingImmediately", "TradingLocked", "TradingLocked"),
        ("LiquidateImmediately", "TradingLocked", "TradingLocked"),
        ("LiquidateOnlyModeImmediately", "LiquidationOnly", ""),
        ("AgreedOnLiquidationByAutoLiq", "LiquidationOnly", ""),
        ("AgreedOnLiqOnlyModeByAutoLiq", "LiquidationOnly", ""),
        ("PlaceAutoLiqOnHold", "", ""),
        ("DisableAutoLiq", "", ""),
    ],
)
def test_each_admin_action_lets_pass_what_it_says(action, opening, closing):
    state = account(positions=LONG, admin_action=action)
    assert (reason(buy(), state), reason(sell(2), state)) == (opening, closing)


def test_a_time_of_closing_only_acts_from_then_on():
    assert reason(buy(), account(liquidate_only_at=NOW)) == "LiquidationOnly"
    assert reason(buy(), account(liquidate_only_at=NOW + dt.timedelta(seconds=1))) == ""


def test_closing_only_counts_the_orders_that_close_already():
    closing_only = {"positions": LONG, "admin_action": "LiquidateOnlyModeImmediately"}
    assert reason(sell(3), account(**closing_only)) == "LiquidationOnly"
    assert reason(sell(2), account(**closing_only, working=[works(sell(1))])) == "LiquidationOnly"
    assert reason(sell(1), account(**closing_only, working=[works(sell(1))])) == ""
    short = {"positions": {ES: -2}, "admin_action": "LiquidateOnlyModeImmediately"}
    assert reason(buy(2), account(**short, working=[works(buy(1))])) == "LiquidationOnly"
    assert reason(buy(1), account(**short, working=[works(buy(1))])) == ""
    other_of_two = works(sell(2, one_of=5))
    assert reason(sell(2, one_of=5), account(**closing_only, working=[other_of_two])) == "", "only one of them fills"


def test_a_refusal_says_what_limit_locked_the_account():
    state = account(admin_action="AgreedOnLiquidationByAutoLiq", lock=Lock("daily loss", LockEnd.NEXT_SESSION))
    refusal = sent(buy(), state)
    assert refusal is not None
    assert "daily loss" in refusal.text


@pytest.mark.parametrize("action", ["LockTradingImmediately", "LiquidateImmediately", "AgreedOnLiquidationByAutoLiq"])
def test_a_locked_account_can_be_liquidated_and_a_liquidation_opens_nothing(action):
    state = account(positions=LONG, admin_action=action)
    assert reason(sell(2, is_liquidation=True), state) == ""
    assert reason(sell(3, is_liquidation=True), state) == "LiquidationOnly"


def test_a_closed_session_takes_no_order_and_an_expired_contract_never_does():
    assert reason(buy(), account(), is_session_open=False) == "SessionClosed"
    assert reason(sell(2, is_liquidation=True), account(positions=LONG), is_session_open=False) == "SessionClosed"
    assert reason(buy(), account(), now=dt.datetime(2026, 12, 18, 14, 30, tzinfo=dt.UTC)) == "InvalidContract"
    assert reason(buy(contract_id=99), account()) == "InvalidContract"


def test_what_concerns_the_account_itself_comes_with_the_answer_and_the_rest_later():
    closed, locked = sent(buy(), account(is_closed=True)), sent(buy(), account(is_restricted=True))
    assert closed is not None
    assert locked is not None
    assert (closed.comes_at_once, locked.comes_at_once) == (True, False)
