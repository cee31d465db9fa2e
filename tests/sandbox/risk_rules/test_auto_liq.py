"""When auto-liquidation of the sandbox acts: every threshold, the drawdown, the time to flatten."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.sandbox.risk_rules.cast import ES, NOW, account, buy, works
from vendor_admin.sandbox.risk_rules.account_state import AccountState, AdminAction, Lock, LockEnd
from vendor_admin.sandbox.risk_rules.auto_liq import (
    AutoLiqSettings,
    Breach,
    Effect,
    Initiator,
    Rule,
    alerts,
    breach,
    margin_levels,
)

SECOND = dt.timedelta(seconds=1)


def reached(
    state: AccountState, *entities: Mapping[str, object], used_margin: float = 0.0, now: dt.datetime = NOW
) -> Breach | None:
    settings = [AutoLiqSettings.of(entity) for entity in entities]
    return breach(state, settings, used_margin=used_margin, now=now)


def after(change: float) -> AccountState:
    """The account of 50,000 once it has won or lost that much today, half of it in an open position."""
    return account(cash=50_000 + change / 2, open_pnl=change / 2, positions={ES: 1})


@pytest.mark.parametrize(
    ("field", "at", "change", "rule", "effect", "ends"),
    [
        ("dailyLossAutoLiq", 1_000, -1_000, Rule.DAILY_LOSS, Effect.LIQUIDATE, LockEnd.NEXT_SESSION),
        ("dailyLossLiqOnly", 1_000, -1_000, Rule.DAILY_LOSS, Effect.LIQUIDATE_ONLY, LockEnd.NEXT_SESSION),
        ("dailyLossPercentageAutoLiq", 2, -1_000, Rule.DAILY_LOSS_PERCENT, Effect.LIQUIDATE, LockEnd.NEXT_SESSION),
        ("dailyLossPercentageLiqOnly", 2, -1_000, Rule.DAILY_LOSS_PERCENT, Effect.LIQUIDATE_ONLY, LockEnd.NEXT_SESSION),
        ("weeklyLossAutoLiq", 1_000, -1_000, Rule.WEEKLY_LOSS, Effect.LIQUIDATE, LockEnd.NEXT_WEEK),
        ("dailyProfitAutoLiq", 1_000, 1_000, Rule.DAILY_PROFIT, Effect.LIQUIDATE, LockEnd.NEXT_SESSION),
        ("weeklyProfitAutoLiq", 1_000, 1_000, Rule.WEEKLY_PROFIT, Effect.LIQUIDATE, LockEnd.NEXT_WEEK),
        ("trailingMaxDrawdown", 1_000, -1_000, Rule.TRAILING_DRAWDOWN, Effect.LIQUIDATE, LockEnd.NEXT_SESSION),
    ],
)  # fmt: skip
def test_each_limit_acts_when_it_is_reached_and_not_a_cent_before(field, at, change, rule, effect, ends):
    found = reached(after(change), {field: at})
    assert found == Breach(rule, effect, Initiator.ADMIN, ends)
    nearly = after(change)
    nearly.cash += 0.01 if change < 0 else -0.01
    assert reached(nearly, {field: at}) is None
    locks_for_good = reached(after(change), {field: at, "doNotUnlock": True})
    assert locks_for_good is not None
    assert locks_for_good.ends is LockEnd.NEVER


@pytest.mark.parametrize(
    ("field", "effect"),
    [("marginPercentageAutoLiq", Effect.LIQUIDATE), ("marginPercentageLiqOnly", Effect.LIQUIDATE_ONLY)],
)
def test_margin_acts_by_its_share_of_what_the_account_is_worth(field, effect):
    state = account(cash=2_000.0, positions={ES: 3})
    found = reached(state, {field: 75}, used_margin=1_500.0)
    assert found is not None
    assert (found.rule, found.effect) == (Rule.MARGIN, effect)
    assert reached(state, {field: 75}, used_margin=1_499.0) is None
    assert reached(account(cash=-1.0, positions={ES: 1}), {field: 75}, used_margin=500.0) is not None
    assert reached(account(cash=-1.0), {field: 75}) is None, "without a position no margin is used"


def test_a_margin_snapshot_tells_the_values_at_which_margin_acts():
    milder = {"marginPercentageAutoLiq": 100}
    settings = [AutoLiqSettings.of({"marginPercentageAutoLiq": 80, "marginPercentageLiqOnly": 50})]
    settings.append(AutoLiqSettings.of(milder, Initiator.CUSTOMER))
    assert margin_levels(settings, used_margin=1_000.0) == (1_250.0, 2_000.0)
    assert margin_levels([], used_margin=1_000.0) == (0.0, 0.0)


def test_day_and_week_count_for_themselves():
    state = account(cash=48_500.0, day_start=49_200.0, week_start=50_000.0, positions={ES: 1})
    daily, weekly = {"dailyLossAutoLiq": 1_000}, {"weeklyLossAutoLiq": 1_500}
    assert reached(state, daily) is None
    found = reached(state, weekly)
    assert found is not None
    assert found.rule is Rule.WEEKLY_LOSS


def test_of_several_limits_the_gravest_acts_and_then_that_which_locks_longest():
    both = {"dailyLossLiqOnly": 500, "dailyLossAutoLiq": 1_000, "weeklyLossAutoLiq": 1_000}
    found = reached(after(-1_000), both)
    assert found is not None
    assert (found.rule, found.effect) == (Rule.WEEKLY_LOSS, Effect.LIQUIDATE)
    milder = reached(after(-600), both)
    assert milder is not None
    assert milder.effect is Effect.LIQUIDATE_ONLY


def test_the_traders_own_settings_act_and_are_named_as_the_customers():
    settings = [AutoLiqSettings.of({"dailyLossAutoLiq": 900}, Initiator.CUSTOMER)]
    found = breach(after(-900), settings, used_margin=0.0, now=NOW)
    assert found is not None
    assert found.initiator is Initiator.CUSTOMER
    both = [AutoLiqSettings.of({"dailyLossAutoLiq": 900}), *settings]
    assert breach(after(-900), both, used_margin=0.0, now=NOW) == replace(found, initiator=Initiator.ADMIN)


def test_alerts_warn_and_close_nothing():
    entity = {"dailyLossAlert": 500, "dailyLossPercentageAlert": 2, "marginPercentageAlert": 1}
    assert reached(after(-900), entity, used_margin=500.0) is None
    assert alerts(after(-900), [AutoLiqSettings.of(entity)], used_margin=500.0) == [Rule.MARGIN, Rule.DAILY_LOSS]


def test_without_settings_nothing_ever_acts():
    assert reached(after(-60_000), {}) is None
    assert reached(after(-60_000), {"dailyLossAutoLiq": 0, "trailingMaxDrawdown": 0}) is None


@pytest.mark.parametrize("action", [AdminAction.AUTO_LIQ_ON_HOLD, AdminAction.AUTO_LIQ_OFF])
def test_on_hold_nothing_acts(action):
    state = after(-2_000)
    state.admin_action = action
    assert reached(state, {"dailyLossAutoLiq": 1_000, "trailingMaxDrawdown": 1_000}) is None


def test_what_was_done_is_not_done_again_unless_something_is_open_still():
    done = {
        "cash": 49_000.0,
        "admin_action": AdminAction.LIQUIDATED_BY_AUTO_LIQ,
        "lock": Lock("daily loss", LockEnd.NEXT_SESSION),
    }
    assert reached(account(**done), {"dailyLossAutoLiq": 1_000}) is None
    assert reached(account(**done, positions={ES: 1}), {"dailyLossAutoLiq": 1_000}) is not None
    assert reached(account(**done, working=[works(buy())]), {"dailyLossAutoLiq": 1_000}) is not None
    assert reached(account(**done, positions={ES: 1}), {"dailyLossLiqOnly": 1_000}) is None


def test_an_account_that_stands_beyond_its_limit_when_flat_is_locked_all_the_same():
    assert reached(account(cash=49_000.0), {"dailyLossAutoLiq": 1_000}) is not None


def test_an_admins_lock_does_not_keep_positions_from_being_closed():
    state = after(-1_000)
    state.admin_action = AdminAction.LOCK
    assert reached(state, {"dailyLossAutoLiq": 1_000}) is not None


def flattens(*, looked_at: dt.datetime | None, now: dt.datetime, **fields: object) -> bool:
    state = account(**{"positions": {ES: 1}, **fields}, looked_at=looked_at)
    return reached(state, {"flattenTimestamp": "2026-11-30T16:00:00.000Z"}, now=now) is not None


def test_at_the_time_to_flatten_positions_are_closed_once():
    assert not flattens(looked_at=NOW - 2 * SECOND, now=NOW - SECOND)
    assert flattens(looked_at=NOW - SECOND, now=NOW)
    assert flattens(looked_at=NOW - SECOND, now=NOW + 60 * SECOND), "at the first look after it"
    assert not flattens(looked_at=NOW, now=NOW + SECOND), "who opens again afterwards stays open"
    assert not flattens(looked_at=None, now=NOW + SECOND), "a time that had passed when it was set"
    assert not flattens(looked_at=NOW - SECOND, now=NOW, positions={})
    assert flattens(looked_at=NOW - SECOND, now=NOW, positions={}, working=[works(buy())])
