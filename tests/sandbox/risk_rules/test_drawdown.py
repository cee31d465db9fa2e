"""The sandbox's trailing drawdown: the documents' examples, its promises, and the product's reckoning of the same."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.risk_rules.cast import account
from vendor_admin.mirrors.rules.drawdown import Drawdown, Mode, Terms
from vendor_admin.sandbox.risk_rules.drawdown import TrailingDrawdown, peak_during_session
from vendor_admin.sandbox.risk_rules.session_roll import peak_at_session_end

MODES = ("EOD", "RealTime")


class Traded:
    """An account that trades through sessions, as the sandbox keeps it."""

    def __init__(self, start: float, amount: float, mode: str, *, limit: float | None = None) -> None:
        fields = {"trailingMaxDrawdown": amount, "trailingMaxDrawdownMode": mode, "trailingMaxDrawdownLimit": limit}
        drawdown = TrailingDrawdown.of(fields)
        assert drawdown is not None
        self.drawdown = drawdown
        self.state = account(cash=start, max_net_liq=start, start_balance=start)

    @property
    def floor(self) -> float:
        return self.drawdown.floor(peak=self.state.max_net_liq, start_balance=self.state.start_balance)

    def at(self, net_liq: float) -> "Traded":
        self.state.cash = net_liq
        self.state.max_net_liq = peak_during_session(self.drawdown, peak=self.state.max_net_liq, net_liq=net_liq)
        return self

    def end_session(self) -> "Traded":
        self.state.max_net_liq = peak_at_session_end(self.state)
        return self


def test_at_the_end_of_day_the_floor_follows_until_the_starting_balance():
    """A firm's $25,000 test account with an end-of-day drawdown of $1,500."""
    traded = Traded(25_000, 1_500, "EOD")
    assert traded.floor == 23_500
    assert traded.at(26_000).floor == 23_500
    assert traded.end_session().floor == 24_500
    assert traded.at(25_200).end_session().floor == 24_500
    assert traded.at(27_800).end_session().floor == 25_000


@pytest.mark.parametrize(
    ("amount", "closes", "floors"),
    [
        (3_500, (101_000, 102_300, 103_600, 150_000), (97_500, 98_800, 100_100, 100_100)),
        (3_000, (101_200, 102_500, 103_100, 150_000), (98_200, 99_500, 100_100, 100_100)),
    ],
)
def test_at_the_end_of_day_the_floor_stops_at_its_limit(amount, closes, floors):
    """A firm's table for $100,000 accounts whose floor locks at $100,100."""
    traded = Traded(100_000, amount, "EOD", limit=100_100)
    for close, floor in zip(closes, floors, strict=True):
        assert traded.at(close).end_session().floor == floor


def test_in_real_time_the_floor_follows_every_high():
    """A firm's three days of a $100,000 account with an intraday drawdown of $3,000."""
    traded = Traded(100_000, 3_000, "RealTime")
    assert traded.at(101_000).at(100_000).end_session().floor == 98_000
    assert traded.at(99_000).end_session().floor == 98_000
    assert traded.at(103_000).floor == 100_000
    assert traded.at(120_000).floor == 100_000


def test_in_real_time_the_floor_stops_at_its_limit():
    """An account of the field: drawdown 2,500 in real time, limit 50,100."""
    traded = Traded(50_000, 2_500, "RealTime", limit=50_100)
    assert traded.floor == 47_500
    assert traded.at(51_000.50).floor == 48_500.50
    assert traded.at(52_600).floor == 50_100
    assert traded.at(60_000).floor == 50_100


def test_a_mode_that_is_not_known_follows_in_real_time():
    assert Traded(50_000, 2_000, "Realtime").at(51_000).floor == 49_000


def test_without_a_drawdown_the_peak_is_kept_all_the_same():
    assert TrailingDrawdown.of({"trailingMaxDrawdown": 0, "trailingMaxDrawdownMode": "EOD"}) is None
    assert peak_during_session(None, peak=50_000.0, net_liq=50_010.0) == 50_010.0


cents = st.integers(0, 20_000_000).map(lambda number: number / 100)
sessions = st.lists(st.lists(cents, max_size=5), max_size=6)
starts = st.integers(1, 200_000).map(float)
amounts = st.integers(1, 50_000).map(float)
limits = st.none() | st.integers(1, 300_000).map(float)


@given(start=starts, amount=amounts, mode=st.sampled_from(MODES), path=sessions)
def test_a_floor_without_a_limit_lies_between_start_less_drawdown_and_start(start, amount, mode, path):
    """The range that the documents give for it."""
    traded = Traded(start, amount, mode)
    for session in path:
        for net_liq in session:
            traded.at(net_liq)
            assert start - amount <= traded.floor <= start
        assert start - amount <= traded.end_session().floor <= start


@given(start=starts, amount=amounts, mode=st.sampled_from(MODES), path=sessions, limit=limits)
def test_a_floor_never_falls_and_passes_no_limit(start, amount, mode, path, limit):
    traded = Traded(start, amount, mode, limit=limit)
    last = traded.floor
    for session in path:
        for net_liq in session:
            traded.at(net_liq)
            assert last <= traded.floor <= (limit or start)
            last = traded.floor
        last = traded.end_session().floor


@given(start=starts, amount=amounts, session=st.lists(cents, max_size=8), limit=limits)
def test_at_the_end_of_day_the_floor_does_not_move_within_a_session(start, amount, session, limit):
    traded = Traded(start, amount, "EOD", limit=limit)
    first = traded.floor
    assert all(traded.at(net_liq).floor == first for net_liq in session)


@given(start=starts, amount=amounts, mode=st.sampled_from(MODES), path=sessions, limit=limits)
def test_the_product_reckons_the_same_floor(start, amount, mode, path, limit):
    """Two calculations that share no code: the sandbox's, which acts, and the one that staff are shown."""
    traded = Traded(start, amount, mode, limit=limit)
    terms = Terms(
        Decimal(amount), Mode(mode), None if limit is None else Decimal(limit), starting_balance=Decimal(start)
    )
    shown = Drawdown.at_start(terms, Decimal(start))
    for session in path:
        for net_liq in session:
            traded.at(net_liq)
            shown = shown.after_trading(Decimal(str(net_liq)))
            assert Decimal(str(traded.floor)) == shown.floor
        traded.end_session()
        shown = shown.after_end_of_day()
        assert Decimal(str(traded.floor)) == shown.floor
