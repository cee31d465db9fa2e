"""The pure questions about accounts: floor, room left, locks."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from vendor_admin.mirrors.rules import account_rules

D = Decimal
NOW = datetime(2026, 11, 20, tzinfo=UTC)
OPEN: dict[str, Any] = {"liquidate_only": None, "user_triggered_liq_only": None, "now": NOW}


def test_the_floor_follows_the_peak():
    floor = account_rules.drawdown_floor(max_net_liq=D(51000), trailing_max_drawdown=D(2000), mode="EOD")

    assert floor.amount == 49000
    assert "at the end of each day" in floor.why


def test_the_floor_stops_at_its_limit():
    floor = account_rules.drawdown_floor(
        max_net_liq=D(55000), trailing_max_drawdown=D(2000), trailing_max_drawdown_limit=D(50100)
    )

    assert floor.amount == 50100
    assert "stops to rise at 50,100.00" in floor.why


def test_without_a_limit_the_floor_stops_at_the_starting_balance():
    values: dict[str, Any] = {"max_net_liq": D(55000), "trailing_max_drawdown": D(2000)}

    assert account_rules.drawdown_floor(**values, starting_balance=D(50000)).amount == 50000
    assert account_rules.drawdown_floor(**values).amount == 53000


def test_the_floor_is_unknown_without_a_peak_and_absent_without_a_drawdown():
    assert "Unknown" in account_rules.drawdown_floor(max_net_liq=None, trailing_max_drawdown=D(2000)).why
    for none in (None, D(0)):
        floor = account_rules.drawdown_floor(max_net_liq=D(1), trailing_max_drawdown=none)
        assert floor.amount is None
        assert "No trailing drawdown" in floor.why


def test_room_left_is_exact_only_without_open_positions():
    floor = account_rules.Answer(D(48000), "")

    flat = account_rules.room_left(floor=floor, balance=D(49500), has_open_positions=False)
    trading = account_rules.room_left(floor=floor, balance=D(49500), has_open_positions=True)

    assert (flat.amount, flat.is_exact) == (1500, True)
    assert (trading.amount, trading.is_exact) == (1500, False)
    assert "profit or loss is not in it" in trading.why


def test_room_left_below_the_floor_says_so():
    left = account_rules.room_left(floor=account_rules.Answer(D(48000), ""), balance=D(47900), has_open_positions=False)

    assert left.amount == -100
    assert "The floor is reached" in left.why


def test_room_left_is_unknown_without_a_balance():
    left = account_rules.room_left(floor=account_rules.Answer(D(48000), ""), balance=None, has_open_positions=False)

    assert left.amount is None
    assert left.why.startswith("Unknown")


def test_the_daily_room_counts_what_is_realized():
    left = account_rules.daily_room_left(daily_loss_auto_liq=D(1000), realized_pnl=D(-250), has_open_positions=False)

    assert left.amount == 750


def test_realized_profit_or_loss_of_an_earlier_session_says_nothing_about_today():
    friday, monday, tuesday = date(2026, 11, 20), date(2026, 11, 23), date(2026, 11, 24)
    daily: dict[str, Any] = {"daily_loss_auto_liq": D(1000), "realized_pnl": D(-250), "has_open_positions": False}
    weekly: dict[str, Any] = {"weekly_loss_auto_liq": D(3000), "realized_pnl": D(-250), "has_open_positions": False}

    assert account_rules.daily_room_left(**daily, trade_date=monday, today=monday).amount == 750
    assert account_rules.daily_room_left(**daily, trade_date=monday, today=tuesday).amount == 1000
    assert account_rules.weekly_room_left(**weekly, trade_date=monday, today=tuesday).amount == 2750
    assert account_rules.weekly_room_left(**weekly, trade_date=friday, today=monday).amount == 3000


def test_the_limit_that_leaves_least_acts_first_and_is_named():
    drawdown = account_rules.Room(D("1241.24"), "Cash less floor.", limit=account_rules.DRAWDOWN, size=D(2000))
    daily = account_rules.Room(D(2235), "Realized.", limit=account_rules.DAILY_LOSS, size=D(2500))

    for rooms in ([drawdown, daily], [daily, drawdown]):
        first = account_rules.first_to_act(rooms)
        assert (first.amount, first.limit, first.share) == (D("1241.24"), "trailing drawdown", 62)
        assert first.why == "The trailing drawdown acts first. Cash less floor."


def test_what_is_left_is_an_estimate_where_one_of_the_limits_is_not_known():
    daily = account_rules.daily_room_left(daily_loss_auto_liq=D(1000), realized_pnl=D(0), has_open_positions=False)
    drawdown = account_rules.Room(None, "Unknown: no peak.", limit=account_rules.DRAWDOWN)
    unset = account_rules.unknown_percent_room(None)

    first = account_rules.first_to_act([drawdown, daily, unset])

    assert (first.amount, first.is_exact, first.limit) == (1000, False, "daily loss limit")
    assert "At most: what the trailing drawdown leaves is not known." in first.why
    assert account_rules.first_to_act([drawdown, unset]).why == "Unknown: no peak."
    assert not account_rules.first_to_act([account_rules.unknown_percent_room(D(0)), unset]).is_set
    assert not account_rules.first_to_act([daily, account_rules.unknown_percent_room(D(2))]).is_exact


def test_an_account_whose_only_trader_is_closed_locked_or_unconfirmed_may_not_trade():
    for status in ("Closed", "TemporaryLocked", "UnconfirmedEmail", "Initiated"):
        lock = _permitted("Accepted", traders=[status])
        assert lock.is_locked, status
        assert lock.answer.startswith("No: member ")
    for others in ([], ["Active"], ["Closed", "Active"], ["Closed", None]):
        assert _permitted("Accepted", traders=others).answer == "Yes"


def test_an_account_without_locks_is_open():
    lock = account_rules.lock_state(admin_action="Normal", **OPEN)
    assert lock == account_rules.TradingLock(False, "open", ("No lock is set.",), "Yes", is_open=True)


def test_an_account_without_a_risk_status_is_unknown():
    assert account_rules.lock_state(admin_action=None, is_known=False, **OPEN).summary == "unknown"


def test_every_lock_is_explained():
    lock = account_rules.lock_state(admin_action="LockTradingImmediately", is_closed=True, **OPEN)

    assert lock.is_locked
    assert lock.summary == "closed"
    assert len(lock.why) == 2


def test_switched_off_auto_liq_is_said_but_is_no_lock():
    lock = account_rules.lock_state(admin_action="DisableAutoLiq", **OPEN)

    assert not lock.is_locked
    assert "limits do not act" in lock.why[0]


def test_an_unknown_admin_action_counts_as_a_lock():
    assert account_rules.lock_state(admin_action="NewThing", **OPEN).is_locked


def test_closing_only_names_who_set_it():
    lock = account_rules.lock_state(admin_action=None, liquidate_only=NOW, user_triggered_liq_only=True, now=NOW)

    assert lock.is_locked
    assert "by the trader" in lock.why[0]


def test_a_position_that_is_not_flat_is_open():
    assert account_rules.has_open_positions([SimpleNamespace(net_pos=0), SimpleNamespace(net_pos=-1)])
    assert not account_rules.has_open_positions([SimpleNamespace(net_pos=0), SimpleNamespace(net_pos=None)])


def _permitted(*statuses: str | None, traders: Sequence[str | None] = ()) -> account_rules.TradingLock:
    return account_rules.lock_state(
        admin_action="Normal", permission_statuses=statuses, trader_statuses=traders, **OPEN
    )


@pytest.mark.parametrize("status", ["Accepted", "Approved"])
def test_one_permission_in_force_is_enough_to_trade(status):
    assert _permitted("Revoked", status).answer == "Yes"


@pytest.mark.parametrize(
    ("status", "summary"), [("Revoked", "revoked"), ("Declined", "declined"), ("Requested", "not approved yet")]
)
def test_an_account_whose_only_permission_is_not_in_force_may_not_trade(status, summary):
    lock = _permitted(status)

    assert lock.is_locked
    assert lock.answer == f"No: {summary}"
    assert f"Its only trading permission is {status}" in lock.why[0]


def test_several_permissions_that_are_not_in_force_are_told_together():
    lock = _permitted("Revoked", "Declined", "Revoked")

    assert lock.answer == "No: declined"
    assert "None of its 3 trading permissions is in force (Revoked, Declined)" in lock.why[0]


def test_without_a_known_permission_it_is_unknown_whether_an_account_may_trade():
    for lock in (_permitted(), _permitted(None), _permitted("Revoked", "Suspended")):
        assert not lock.is_locked
        assert lock.answer == "Unknown"


def test_a_lock_is_told_beside_a_missing_permission():
    lock = account_rules.lock_state(admin_action="LockTradingImmediately", permission_statuses=(), **OPEN)

    assert (lock.answer, len(lock.why)) == ("No: locked", 2)


def test_the_gravest_fact_gives_the_answer():
    closing = account_rules.lock_state(admin_action="LiquidateOnlyModeImmediately", **OPEN)
    revoked = account_rules.lock_state(
        admin_action="LiquidateOnlyModeImmediately", permission_statuses=["Revoked"], **OPEN
    )

    assert (closing.is_locked, closing.answer) == (True, "Only to close positions")
    assert (revoked.is_locked, revoked.answer) == (True, "No: revoked")
    assert account_rules.lock_state(admin_action="DisableAutoLiq", **OPEN).answer == "Yes: auto-liq off"
