"""The pure questions about accounts: floor, room left, locks."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from vendor_admin.mirrors.rules import room_left as rules
from vendor_admin.mirrors.rules import trading_locks
from vendor_admin.mirrors.rules.drawdown import Mode, Terms

D = Decimal
NOW = datetime(2026, 11, 20, tzinfo=UTC)
OPEN: dict[str, Any] = {"liquidate_only": None, "user_triggered_liq_only": None, "now": NOW}


def test_the_floor_follows_the_peak():
    floor = rules.drawdown_floor(Terms(D(2000), Mode.END_OF_DAY), peak=D(51000))

    assert floor.amount == 49000
    assert "at the end of each day" in floor.why


def test_the_floor_stops_at_its_limit():
    floor = rules.drawdown_floor(Terms(D(2000), limit=D(50100)), peak=D(55000))

    assert floor.amount == 50100
    assert "stops to rise at 50,100.00" in floor.why


def test_without_a_limit_the_floor_stops_at_the_starting_balance():
    assert rules.drawdown_floor(Terms(D(2000), starting_balance=D(50000)), peak=D(55000)).amount == 50000
    assert rules.drawdown_floor(Terms(D(2000)), peak=D(55000)).amount == 53000


def test_the_floor_is_unknown_without_a_peak_and_absent_without_a_drawdown():
    assert "Unknown" in rules.drawdown_floor(Terms(D(2000)), peak=None).why
    for none in (None, D(0)):
        settings = SimpleNamespace(
            trailing_max_drawdown=none, trailing_max_drawdown_limit=None, trailing_max_drawdown_mode=None
        )
        floor = rules.drawdown_floor(Terms.of(settings, starting_balance=None), peak=D(1))
        assert floor.amount is None
        assert "No trailing drawdown" in floor.why


def test_room_left_is_exact_only_without_open_positions():
    terms, peak = Terms(D(2000)), D(50000)

    flat = rules.room_left(terms, peak=peak, balance=D(49500), has_open_positions=False)
    trading = rules.room_left(terms, peak=peak, balance=D(49500), has_open_positions=True)

    assert (flat.amount, flat.is_exact) == (1500, True)
    assert (trading.amount, trading.is_exact) == (1500, False)
    assert "profit or loss is not in it" in trading.why


def test_room_left_below_the_floor_says_so():
    left = rules.room_left(Terms(D(2000)), peak=D(50000), balance=D(47900), has_open_positions=False)

    assert left.amount == -100
    assert "The floor is reached" in left.why


def test_room_left_is_unknown_without_a_balance():
    left = rules.room_left(Terms(D(2000)), peak=D(50000), balance=None, has_open_positions=False)

    assert left.amount is None
    assert left.why.startswith("Unknown")


def test_the_daily_room_counts_what_is_realized():
    left = rules.daily_room_left(daily_loss_auto_liq=D(1000), realized_pnl=D(-250), has_open_positions=False)

    assert left.amount == 750


def test_realized_profit_or_loss_of_an_earlier_session_says_nothing_about_today():
    friday, monday, tuesday = date(2026, 11, 20), date(2026, 11, 23), date(2026, 11, 24)
    daily: dict[str, Any] = {"daily_loss_auto_liq": D(1000), "realized_pnl": D(-250), "has_open_positions": False}
    weekly: dict[str, Any] = {"weekly_loss_auto_liq": D(3000), "realized_pnl": D(-250), "has_open_positions": False}

    assert rules.daily_room_left(**daily, trade_date=monday, today=monday).amount == 750
    assert rules.daily_room_left(**daily, trade_date=monday, today=tuesday).amount == 1000
    assert rules.weekly_room_left(**weekly, trade_date=monday, today=tuesday).amount == 2750
    assert rules.weekly_room_left(**weekly, trade_date=friday, today=monday).amount == 3000


def test_the_limit_that_leaves_least_acts_first_and_is_named():
    drawdown = rules.Room(D("1241.24"), "Cash less floor.", limit=rules.DRAWDOWN, size=D(2000))
    daily = rules.Room(D(2235), "Realized.", limit=rules.DAILY_LOSS, size=D(2500))

    for rooms in ([drawdown, daily], [daily, drawdown]):
        first = rules.first_to_act(rooms)
        assert (first.amount, first.limit, first.share) == (D("1241.24"), "trailing drawdown", 62)
        assert first.why == "The trailing drawdown acts first. Cash less floor."


def test_what_is_left_is_an_estimate_where_one_of_the_limits_is_not_known():
    daily = rules.daily_room_left(daily_loss_auto_liq=D(1000), realized_pnl=D(0), has_open_positions=False)
    drawdown = rules.Room(None, "Unknown: no peak.", limit=rules.DRAWDOWN)
    unset = rules.unknown_percent_room(None)

    first = rules.first_to_act([drawdown, daily, unset])

    assert (first.amount, first.is_exact, first.limit) == (1000, False, "daily loss limit")
    assert "At most: what the trailing drawdown leaves is not known." in first.why
    assert rules.first_to_act([drawdown, unset]).why == "Unknown: no peak."
    assert not rules.first_to_act([rules.unknown_percent_room(D(0)), unset]).is_set
    assert not rules.first_to_act([daily, rules.unknown_percent_room(D(2))]).is_exact


def test_an_account_whose_only_trader_is_closed_locked_or_unconfirmed_may_not_trade():
    for status in ("Closed", "TemporaryLocked", "UnconfirmedEmail", "Initiated"):
        lock = _permitted("Accepted", traders=[status])
        assert lock.is_locked, status
        assert lock.answer.startswith("No: member ")
    for others in ([], ["Active"], ["Closed", "Active"], ["Closed", None]):
        assert _permitted("Accepted", traders=others).answer == "Yes"


def test_an_account_without_locks_is_open():
    lock = trading_locks.lock_state(admin_action="Normal", **OPEN)
    assert lock == trading_locks.TradingLock(
        False, "open", ("No lock is set.",), "Yes", is_open=True, may_trade=trading_locks.MayTrade.YES
    )


def test_an_account_without_a_risk_status_is_unknown():
    assert trading_locks.lock_state(admin_action=None, is_known=False, **OPEN).summary == "unknown"


def test_every_lock_is_explained():
    lock = trading_locks.lock_state(admin_action="LockTradingImmediately", is_closed=True, **OPEN)

    assert lock.is_locked
    assert lock.summary == "closed"
    assert len(lock.why) == 2


def test_switched_off_auto_liq_is_said_but_is_no_lock():
    lock = trading_locks.lock_state(admin_action="DisableAutoLiq", **OPEN)

    assert not lock.is_locked
    assert "limits do not act" in lock.why[0]


def test_an_unknown_admin_action_counts_as_a_lock():
    assert trading_locks.lock_state(admin_action="NewThing", **OPEN).is_locked


def test_closing_only_names_who_set_it():
    lock = trading_locks.lock_state(admin_action=None, liquidate_only=NOW, user_triggered_liq_only=True, now=NOW)

    assert lock.is_locked
    assert "by the trader" in lock.why[0]


def test_a_position_that_is_not_flat_is_open():
    assert rules.has_open_positions([SimpleNamespace(net_pos=0), SimpleNamespace(net_pos=-1)])
    assert not rules.has_open_positions([SimpleNamespace(net_pos=0), SimpleNamespace(net_pos=None)])


def _permitted(*statuses: str | None, traders: Sequence[str | None] = ()) -> trading_locks.TradingLock:
    return trading_locks.lock_state(
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
    lock = trading_locks.lock_state(admin_action="LockTradingImmediately", permission_statuses=(), **OPEN)

    assert (lock.answer, len(lock.why)) == ("No: locked", 2)


def test_the_gravest_fact_gives_the_answer():
    closing = trading_locks.lock_state(admin_action="LiquidateOnlyModeImmediately", **OPEN)
    revoked = trading_locks.lock_state(
        admin_action="LiquidateOnlyModeImmediately", permission_statuses=["Revoked"], **OPEN
    )

    assert (closing.is_locked, closing.answer) == (True, "Only to close positions")
    assert (revoked.is_locked, revoked.answer) == (True, "No: revoked")
    assert trading_locks.lock_state(admin_action="DisableAutoLiq", **OPEN).answer == "Yes: auto-liq off"
