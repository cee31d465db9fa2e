"""What a breach locks in the sandbox, and what the end and the start of a session change."""

import datetime as dt
from collections.abc import Mapping

import pytest

from tests.sandbox.risk_rules.cast import NOW, account, buy, reason
from vendor_admin.sandbox.risk_rules.account_state import AccountState, Lock, LockEnd
from vendor_admin.sandbox.risk_rules.auto_liq import AutoLiqSettings, breach
from vendor_admin.sandbox.risk_rules.session_roll import (
    RiskStatus,
    at_session_start,
    peak_at_session_end,
    status_after_breach,
)


def with_status(state: AccountState, status: RiskStatus) -> AccountState:
    state.admin_action, state.liquidate_only_at, state.lock = status.admin_action, status.liquidate_only_at, status.lock
    return state


def locked_by(entity: Mapping[str, object], **fields: object) -> AccountState:
    """An account whose settings acted."""
    state = account(**fields)
    found = breach(state, [AutoLiqSettings.of(entity)], used_margin=0.0, now=NOW)
    assert found is not None
    return with_status(state, status_after_breach(state, found, NOW))


def next_session(
    state: AccountState, entity: Mapping[str, object] | None = None, *, is_first_of_week: bool = False
) -> AccountState:
    settings = [AutoLiqSettings.of(entity or {})]
    start = at_session_start(state, settings, is_first_of_week=is_first_of_week, now=NOW)
    state.day_start, state.week_start = start.day_start, start.week_start
    return with_status(state, start.status)


@pytest.mark.parametrize("field", ["dailyLossAutoLiq", "dailyLossLiqOnly"])
def test_a_daily_lock_opens_at_the_next_session(field):
    state = locked_by({field: 1_000}, cash=49_000.0)
    assert reason(buy(), state) == "LiquidationOnly"
    state = next_session(state, {field: 1_000})
    assert (state.admin_action, reason(buy(), state)) == ("Normal", "")


def test_below_its_floor_an_account_stays_locked_until_it_is_paid_in_or_the_peak_is_set():
    drawdown = {"trailingMaxDrawdown": 1_000}
    state = next_session(locked_by(drawdown, cash=49_000.0), drawdown)
    assert reason(buy(), state) == "LiquidationOnly"
    state.cash += 0.01
    assert reason(buy(), next_session(state, drawdown)) == ""


def test_a_daily_lock_stays_while_the_weeks_limit_is_passed():
    limits = {"dailyLossAutoLiq": 1_000, "weeklyLossAutoLiq": 2_000}
    state = locked_by({"dailyLossAutoLiq": 1_000}, cash=48_000.0, day_start=49_000.0)
    state = next_session(state, limits)
    assert reason(buy(), state) == "LiquidationOnly"
    assert reason(buy(), next_session(state, limits, is_first_of_week=True)) == ""


def test_a_weekly_lock_opens_on_sunday():
    state = locked_by({"weeklyLossAutoLiq": 1_000}, cash=49_000.0)
    state = next_session(state)
    assert reason(buy(), state) == "LiquidationOnly"
    state = next_session(state, is_first_of_week=True)
    assert reason(buy(), state) == ""


def test_a_lock_that_does_not_unlock_stays_for_good():
    state = locked_by({"dailyLossAutoLiq": 1_000, "doNotUnlock": True}, cash=49_000.0)
    for is_first_of_week in (False, True, False):
        state = next_session(state, is_first_of_week=is_first_of_week)
        assert reason(buy(), state) == "LiquidationOnly"
    assert state.lock is not None
    assert state.lock.ends is LockEnd.NEVER


@pytest.mark.parametrize("action", ["LockTradingImmediately", "LiquidateImmediately", "LiquidateOnlyModeImmediately"])
def test_a_lock_that_an_admin_set_never_expires_and_no_breach_replaces_it(action):
    before = NOW - dt.timedelta(hours=1) if action == "LiquidateOnlyModeImmediately" else None
    state = locked_by({"dailyLossAutoLiq": 1_000}, cash=49_000.0, admin_action=action, liquidate_only_at=before)
    assert (state.admin_action, state.liquidate_only_at) == (action, before or NOW)
    for is_first_of_week in (False, True):
        state = next_session(state, is_first_of_week=is_first_of_week)
        assert (state.admin_action, state.liquidate_only_at) == (action, before)
        assert reason(buy(), state) != ""


def test_the_longer_of_two_locks_counts():
    state = locked_by({"weeklyLossAutoLiq": 1_000}, cash=49_000.0, positions={1: 1})
    daily = breach(state, [AutoLiqSettings.of({"dailyLossAutoLiq": 500})], used_margin=0.0, now=NOW)
    assert daily is not None
    assert status_after_breach(state, daily, NOW).lock == Lock("daily loss", LockEnd.NEXT_WEEK)


def test_profit_and_loss_of_day_and_week_count_from_the_start_of_each():
    state = next_session(account(cash=49_400.0, open_pnl=100.0))
    assert (state.day_start, state.week_start) == (49_500.0, 50_000.0)
    state = next_session(state, is_first_of_week=True)
    assert (state.day_start, state.week_start) == (49_500.0, 49_500.0)


def test_the_peak_follows_at_the_end_of_a_session_and_never_falls():
    assert peak_at_session_end(account(cash=51_000.0, open_pnl=250.0)) == 51_250.0
    assert peak_at_session_end(account(cash=49_000.0)) == 50_000.0


def test_flattening_locks_nothing():
    settings = AutoLiqSettings.of({"flattenTimestamp": "2026-11-30T16:00:00.000Z"})
    state = account(positions={1: 1}, looked_at=NOW - dt.timedelta(seconds=1))
    found = breach(state, [settings], used_margin=0.0, now=NOW)
    assert found is not None
    assert status_after_breach(state, found, NOW) == RiskStatus.of(state)
