"""The sandbox's rules against the product's reading of the same fields.

They share no code: staff are shown the product's answer, and an account does what the sandbox's rules say.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.risk_rules.cast import ES, NOW, account, buy, reason, sell
from vendor_admin.mirrors.rules.drawdown import Mode, Terms
from vendor_admin.mirrors.rules.room_left import daily_room_left, room_left, weekly_room_left
from vendor_admin.mirrors.rules.trading_locks import MayTrade, lock_state
from vendor_admin.sandbox.risk_rules.account_state import AdminAction
from vendor_admin.sandbox.risk_rules.auto_liq import AutoLiqSettings, breach

cents = st.integers(-1_000_000, 1_000_000).map(lambda number: number / 100)
dollars = st.integers(1, 5_000)


def shown(**fields: Any) -> MayTrade:
    state = {"admin_action": "Normal", "liquidate_only": None, "user_triggered_liq_only": False}
    return lock_state(**{**state, **fields}, now=NOW).may_trade


def acted(**fields: Any) -> MayTrade:
    """What an account with a position may do, asked of the rules."""
    state = account(positions={ES: 1}, **fields)
    opens, closes = (not reason(order, state) for order in (buy(), sell()))
    if opens and closes:
        return MayTrade.YES
    return MayTrade.CLOSING_ONLY if closes else MayTrade.NO


@pytest.mark.parametrize("action", [action for action in AdminAction if action != AdminAction.LIQUIDATED_BY_AUTO_LIQ])
def test_each_admin_action_means_the_same(action: AdminAction) -> None:
    assert acted(admin_action=action) == shown(admin_action=action.value)


def test_what_auto_liq_liquidated_is_shown_as_locked_and_may_close_what_is_left() -> None:
    """The only difference: such an account has nothing left to close, unless the market could not take it all."""
    action = AdminAction.LIQUIDATED_BY_AUTO_LIQ
    assert (shown(admin_action=action.value), acted(admin_action=action)) == (MayTrade.NO, MayTrade.CLOSING_ONLY)


@pytest.mark.parametrize(
    ("mirrored", "fields"),
    [
        ({"is_archived": True}, {"is_closed": True}),
        ({"is_closed": True}, {"is_closed": True}),
        ({"is_restricted": True}, {"is_restricted": True}),
        ({"is_readonly": True}, {"is_readonly": True}),
        ({"permission_statuses": ["Revoked"]}, {"has_permission": False}),
        ({"permission_statuses": ["Accepted"]}, {"has_permission": True}),
        ({"liquidate_only": NOW - timedelta(hours=1)}, {"liquidate_only_at": NOW - timedelta(hours=1)}),
    ],
)
def test_each_state_of_an_account_means_the_same(mirrored: dict[str, Any], fields: dict[str, Any]) -> None:
    assert acted(**fields) == shown(**mirrored)


def acts(entity: dict[str, Any], **fields: Any) -> bool:
    return breach(account(**fields), [AutoLiqSettings.of(entity)], used_margin=0.0, now=NOW) is not None


@given(limit=dollars, result=cents)
def test_a_daily_limit_acts_when_no_room_is_shown(limit: int, result: float) -> None:
    room = daily_room_left(
        daily_loss_auto_liq=Decimal(limit), realized_pnl=Decimal(str(result)), has_open_positions=False
    )
    assert room.amount is not None
    assert acts({"dailyLossAutoLiq": limit}, cash=50_000 + result) == (room.amount <= 0)


@given(limit=dollars, result=cents)
def test_a_weekly_limit_acts_when_no_room_is_shown(limit: int, result: float) -> None:
    room = weekly_room_left(
        weekly_loss_auto_liq=Decimal(limit), realized_pnl=Decimal(str(result)), has_open_positions=False
    )
    assert room.amount is not None
    assert acts({"weeklyLossAutoLiq": limit}, cash=50_000 + result) == (room.amount <= 0)


@given(amount=dollars, stop=st.none() | st.integers(45_000, 55_000), peak=cents, balance=cents)
def test_a_drawdown_acts_when_no_room_is_shown(amount: int, stop: int | None, peak: float, balance: float) -> None:
    entity = {"trailingMaxDrawdown": amount, "trailingMaxDrawdownLimit": stop, "trailingMaxDrawdownMode": "EOD"}
    cash, highest = 50_000 + balance, 50_000 + abs(peak)
    terms = Terms(
        Decimal(amount), Mode.END_OF_DAY, None if stop is None else Decimal(stop), starting_balance=Decimal(50_000)
    )
    room = room_left(terms, peak=Decimal(str(highest)), balance=Decimal(str(round(cash, 2))), has_open_positions=False)
    assert room.amount is not None
    assert acts(entity, cash=cash, max_net_liq=highest) == (room.amount <= 0)
