"""Trailing drawdown: the documents' examples, and what a balance change does to the floor."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendor_admin.mirrors.rules.drawdown import Drawdown, Mode, Terms

D = Decimal
amounts = st.decimals(0, 200_000, places=2)
changes = st.decimals(-50_000, 50_000, places=2)


def new(balance: int, drawdown: int, mode: Mode, *, limit: int | None = None) -> Drawdown:
    terms = Terms(D(drawdown), mode, D(limit) if limit else None, starting_balance=D(balance))
    return Drawdown.at_start(terms, D(balance))


def test_at_the_end_of_day_the_floor_follows_until_the_starting_balance():
    """A firm's $25,000 test account with an end-of-day drawdown of $1,500."""
    account = new(25_000, 1_500, Mode.END_OF_DAY)
    assert account.floor == 23_500
    account = account.after_trading(D(26_000))
    assert account.floor == 23_500, "not before the day has ended"
    account = account.after_end_of_day()
    assert account.floor == 24_500
    assert account.after_trading(D(27_800)).after_end_of_day().floor == 25_000
    assert account.after_trading(D(25_200)).after_end_of_day().floor == 24_500, "it never falls"


@pytest.mark.parametrize(
    ("drawdown", "closes", "floors"),
    [
        (3_500, (101_000, 102_300, 103_600), (97_500, 98_800, 100_100)),
        (3_000, (101_200, 102_500, 103_100), (98_200, 99_500, 100_100)),
    ],
)
def test_at_the_end_of_day_the_floor_stops_at_its_limit(drawdown, closes, floors):
    """A firm's table for $100,000 accounts whose floor locks at $100,100."""
    account = new(100_000, drawdown, Mode.END_OF_DAY, limit=100_100)
    for close, floor in zip(closes, floors, strict=True):
        account = account.after_trading(D(close)).after_end_of_day()
        assert account.floor == floor
    assert account.after_trading(D(150_000)).after_end_of_day().floor == 100_100


def test_in_real_time_the_floor_follows_every_high():
    """A firm's three days of a $100,000 account with an intraday drawdown of $3,000."""
    account = new(100_000, 3_000, Mode.REAL_TIME)
    account = account.after_trading(D(101_000)).after_trading(D(100_000)).after_end_of_day()
    assert account.floor == 98_000
    account = account.after_trading(D(99_000)).after_end_of_day()
    assert account.floor == 98_000
    account = account.after_trading(D(103_000))
    assert account.floor == 100_000
    assert account.after_trading(D(120_000)).floor == 100_000


def test_in_real_time_the_floor_stops_at_its_limit():
    """An account of the field: drawdown 2,500 in real time, limit 50,100."""
    account = new(50_000, 2_500, Mode.REAL_TIME, limit=50_100)
    assert account.floor == 47_500
    assert account.after_trading(D("51000.50")).floor == D("48500.50")
    assert account.after_trading(D(52_600)).floor == 50_100
    assert account.after_trading(D(60_000)).floor == 50_100


def test_the_floor_acts_during_the_day_in_both_modes():
    for mode in Mode:
        account = new(50_000, 2_000, mode).after_trading(D(48_000))
        assert (account.room, account.is_reached) == (0, True)
        assert not account.after_trading(D("48000.01")).is_reached


@pytest.mark.parametrize("mode", list(Mode))
def test_money_added_moves_the_floor_by_as_much(mode):
    """The documents' example: $1,000 added to an account with a trailing drawdown moves the level accordingly."""
    before = new(50_000, 2_500, mode)
    after = before.after_balance_change(D(1_000))
    assert (after.net_liq, after.peak, after.floor) == (51_000, 51_000, 48_500)
    assert after.room == before.room == 2_500


@pytest.mark.parametrize("mode", list(Mode))
def test_money_taken_brings_the_floor_down_again(mode):
    before = new(50_000, 2_500, mode)
    assert before.after_balance_change(D(-800)).floor == 46_700
    assert before.after_balance_change(D(1_000)).after_balance_change(D(-1_000)) == before


def test_a_payout_from_an_account_whose_floor_has_stopped_costs_room():
    before = new(50_000, 2_500, Mode.END_OF_DAY, limit=50_100).after_trading(D(56_000)).after_end_of_day()
    after = before.after_balance_change(D(-2_000))
    assert (before.floor, before.room) == (50_100, 5_900)
    assert (after.floor, after.room) == (50_100, 3_900)


def test_the_peak_can_be_set_to_put_the_floor_back():
    before = new(50_000, 2_500, Mode.END_OF_DAY).after_trading(D(49_000))
    after = before.after_balance_change(D(800))
    repaired = after.after_max_net_liq(D(50_000))
    assert (repaired.floor, repaired.room) == (47_500, 2_300)


def test_in_real_time_a_peak_below_the_net_liquidation_value_does_not_stay():
    after = new(50_000, 2_500, Mode.REAL_TIME).after_balance_change(D(1_000))
    assert after.after_max_net_liq(D(50_000)).peak == 51_000


def test_at_the_end_of_day_a_peak_that_was_set_low_rises_again():
    account = new(50_000, 2_500, Mode.END_OF_DAY).after_max_net_liq(D(48_000))
    assert account.floor == 45_500
    assert account.after_end_of_day().floor == 47_500


def test_a_limit_goes_before_the_starting_balance_and_zero_is_none():
    assert Terms(D(2_000), limit=D(50_100), starting_balance=D(50_000)).floor_at(D(60_000)) == 50_100
    assert Terms(D(2_000), limit=D(0), starting_balance=D(50_000)).floor_at(D(60_000)) == 50_000
    assert Terms(D(2_000)).floor_at(D(60_000)) == 58_000


@given(
    st.sampled_from(list(Mode)),
    st.decimals(1, 10_000, places=2),
    st.lists(st.tuples(amounts, st.booleans()), max_size=20),
)
def test_without_a_limit_the_floor_stays_between_start_less_drawdown_and_start(mode, drawdown, days):
    """The range the documents give, over any course of trading; and the floor never falls."""
    account = Drawdown.at_start(Terms(drawdown, mode, starting_balance=D(50_000)), D(50_000))
    for net_liq, is_end_of_day in days:
        earlier = account.floor
        account = account.after_trading(net_liq)
        account = account.after_end_of_day() if is_end_of_day else account
        assert earlier <= account.floor
        assert D(50_000) - drawdown <= account.floor <= 50_000


@given(st.sampled_from(list(Mode)), amounts, changes)
def test_money_added_never_costs_room_and_money_taken_never_gives_it(mode, net_liq, change):
    account = new(50_000, 2_500, mode, limit=50_100).after_trading(net_liq)
    after = account.after_balance_change(change)
    if change <= 0:
        assert after.room <= account.room
    else:
        assert after.room >= account.room
    assert after.floor <= 50_100
