"""The pure questions about accounts: floor, room left, locks."""

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from vendor_admin.mirrors import questions

D = Decimal
NOW = datetime(2026, 11, 20, tzinfo=UTC)
OPEN: dict[str, Any] = {"liquidate_only": None, "user_triggered_liq_only": None, "now": NOW}


def test_the_floor_follows_the_peak():
    floor = questions.drawdown_floor(max_net_liq=D(51000), trailing_max_drawdown=D(2000), mode="EOD")

    assert floor.amount == 49000
    assert "at the end of each day" in floor.why


def test_the_floor_stops_at_its_limit():
    floor = questions.drawdown_floor(
        max_net_liq=D(55000), trailing_max_drawdown=D(2000), trailing_max_drawdown_limit=D(50100)
    )

    assert floor.amount == 50100
    assert "stops to rise at 50,100.00" in floor.why


def test_without_a_limit_the_floor_stops_at_the_starting_balance():
    values: dict[str, Any] = {"max_net_liq": D(55000), "trailing_max_drawdown": D(2000)}

    assert questions.drawdown_floor(**values, starting_balance=D(50000)).amount == 50000
    assert questions.drawdown_floor(**values).amount == 53000


def test_the_floor_is_unknown_without_a_peak_and_absent_without_a_drawdown():
    assert "Unknown" in questions.drawdown_floor(max_net_liq=None, trailing_max_drawdown=D(2000)).why
    for none in (None, D(0)):
        floor = questions.drawdown_floor(max_net_liq=D(1), trailing_max_drawdown=none)
        assert floor.amount is None
        assert "No trailing drawdown" in floor.why


def test_room_left_is_exact_only_without_open_positions():
    floor = questions.Answer(D(48000), "")

    flat = questions.room_left(floor=floor, balance=D(49500), has_open_positions=False)
    trading = questions.room_left(floor=floor, balance=D(49500), has_open_positions=True)

    assert (flat.amount, flat.is_exact) == (1500, True)
    assert (trading.amount, trading.is_exact) == (1500, False)
    assert "profit or loss is not in it" in trading.why


def test_room_left_below_the_floor_says_so():
    left = questions.room_left(floor=questions.Answer(D(48000), ""), balance=D(47900), has_open_positions=False)

    assert left.amount == -100
    assert "The floor is reached" in left.why


def test_room_left_is_unknown_without_a_balance():
    left = questions.room_left(floor=questions.Answer(D(48000), ""), balance=None, has_open_positions=False)

    assert left.amount is None
    assert left.why.startswith("Unknown")


def test_the_daily_room_counts_what_is_realized():
    left = questions.daily_room_left(daily_loss_auto_liq=D(1000), realized_pnl=D(-250), has_open_positions=False)

    assert left.amount == 750


def test_an_account_without_locks_is_open():
    lock = questions.lock_state(admin_action="Normal", **OPEN)
    assert lock == questions.Lock(False, "open", ("No lock is set.",), "Yes")


def test_an_account_without_a_risk_status_is_unknown():
    assert questions.lock_state(admin_action=None, is_known=False, **OPEN).summary == "unknown"


def test_every_lock_is_explained():
    lock = questions.lock_state(admin_action="LockTradingImmediately", is_closed=True, **OPEN)

    assert lock.is_locked
    assert lock.summary == "closed"
    assert len(lock.why) == 2


def test_switched_off_auto_liq_is_said_but_is_no_lock():
    lock = questions.lock_state(admin_action="DisableAutoLiq", **OPEN)

    assert not lock.is_locked
    assert "limits do not act" in lock.why[0]


def test_an_unknown_admin_action_counts_as_a_lock():
    assert questions.lock_state(admin_action="NewThing", **OPEN).is_locked


def test_closing_only_names_who_set_it():
    lock = questions.lock_state(admin_action=None, liquidate_only=NOW, user_triggered_liq_only=True, now=NOW)

    assert lock.is_locked
    assert "by the trader" in lock.why[0]


def test_a_position_that_is_not_flat_is_open():
    assert questions.has_open_positions([SimpleNamespace(net_pos=0), SimpleNamespace(net_pos=-1)])
    assert not questions.has_open_positions([SimpleNamespace(net_pos=0), SimpleNamespace(net_pos=None)])


def _permitted(*statuses: str | None) -> questions.Lock:
    return questions.lock_state(admin_action="Normal", permission_statuses=statuses, **OPEN)


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
    lock = questions.lock_state(admin_action="LockTradingImmediately", permission_statuses=(), **OPEN)

    assert (lock.answer, len(lock.why)) == ("No: locked", 2)


def test_the_gravest_fact_gives_the_answer():
    closing = questions.lock_state(admin_action="LiquidateOnlyModeImmediately", **OPEN)
    revoked = questions.lock_state(admin_action="LiquidateOnlyModeImmediately", permission_statuses=["Revoked"], **OPEN)

    assert (closing.is_locked, closing.answer) == (True, "Only to close positions")
    assert (revoked.is_locked, revoked.answer) == (True, "No: revoked")
    assert questions.lock_state(admin_action="DisableAutoLiq", **OPEN).answer == "Yes: auto-liq off"
