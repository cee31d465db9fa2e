"""When orders end by themselves, and what a closed market takes in."""

import datetime as dt

from tests.sandbox.market.trading import CONTRACTS, ES, MONDAY_NOON, Desk, words
from vendor_admin.sandbox.market.clock import MarketClock
from vendor_admin.sandbox.market.matching import Market
from vendor_admin.sandbox.market.orders import MarketOrder, Terms

SESSION_END = dt.datetime(2026, 8, 17, 21, 0, tzinfo=dt.UTC)  # 16:00 Central Time
NEXT_SESSION = SESSION_END + dt.timedelta(hours=1)
HOUR = dt.timedelta(hours=1)
FAR = 6_000.0


def advance(market: Market, clock: MarketClock, to: dt.datetime) -> list[tuple[object, ...]]:
    clock.set_now(to)
    return words(market.advance())


def test_a_day_order_expires_at_the_sessions_end(desk: Desk, market: Market, clock: MarketClock) -> None:
    desk.place("Buy", "Limit", price=FAR)
    assert advance(market, clock, SESSION_END - dt.timedelta(seconds=1)) == []
    assert advance(market, clock, SESSION_END) == [("Expired", "SessionEnd")]
    assert not desk.is_working


def test_a_day_order_expires_before_it_can_trade_in_the_next_session(
    desk: Desk, market: Market, clock: MarketClock
) -> None:
    desk.place("Buy", "Limit", price=6_690.0)
    clock.set_now(NEXT_SESSION + HOUR)
    assert desk.modify("Limit", price=6_700.0) == [("CommandRejected", "TooLate")]
    assert desk.price(6_690.0) == [("Expired", "SessionEnd")]


def test_a_day_order_expires_at_an_early_close_that_was_told_afterwards(
    desk: Desk, market: Market, clock: MarketClock
) -> None:
    desk.place("Buy", "Limit", price=FAR)
    market.schedule.early_closes = {MONDAY_NOON.date(): dt.time(13)}
    assert advance(market, clock, MONDAY_NOON + dt.timedelta(minutes=59)) == []
    assert advance(market, clock, MONDAY_NOON + HOUR) == [("Expired", "SessionEnd")]


def test_a_good_till_cancelled_order_goes_on_in_the_next_session(
    desk: Desk, market: Market, clock: MarketClock
) -> None:
    desk.place("Buy", "Limit", price=FAR, time_in_force="GTC")
    assert advance(market, clock, NEXT_SESSION + HOUR) == []
    assert desk.price(FAR) == [("Filled", 1, FAR, 0)]


def test_a_good_till_date_order_expires_at_its_time(desk: Desk, market: Market, clock: MarketClock) -> None:
    end = NEXT_SESSION + HOUR
    desk.place("Buy", "Limit", price=FAR, time_in_force="GTD", expire_time=end)
    assert advance(market, clock, end - dt.timedelta(seconds=1)) == []
    assert advance(market, clock, end) == [("Expired", "ExpireTime")]


def test_a_good_till_date_order_whose_time_is_past_is_rejected(desk: Desk) -> None:
    events = desk.place("Buy", "Limit", price=FAR, time_in_force="GTD", expire_time=MONDAY_NOON)
    assert events == [("Rejected", "TooLate")]


def test_an_order_can_be_given_another_end(desk: Desk, market: Market, clock: MarketClock) -> None:
    desk.place("Buy", "Limit", price=FAR)
    desk.modify("Limit", price=FAR, time_in_force="GTC")
    assert advance(market, clock, NEXT_SESSION) == []
    assert desk.is_working


def test_every_order_expires_with_its_contract(desk: Desk, market: Market, clock: MarketClock) -> None:
    desk.place("Buy", "Limit", price=FAR, time_in_force="GTC")
    assert advance(market, clock, CONTRACTS["ESU6"].expires_at) == [("Expired", "ContractExpired")]
    assert desk.place("Buy", "Market") == [("Rejected", "InvalidContract")]
    clock.set_now(market.schedule.next_open(clock.now()))
    later = MarketOrder(9, CONTRACTS["ESZ6"].id, "Buy", Terms("Limit", 1, price=FAR))
    assert words(market.submit(later)) == [("Working",)]


def test_an_unknown_contract_is_rejected(market: Market) -> None:
    assert words(market.submit(MarketOrder(1, 4_711, "Buy", Terms("Market", 1)))) == [("Rejected", "InvalidContract")]


def test_a_closed_market_takes_nothing_in_but_lets_orders_be_cancelled(
    desk: Desk, market: Market, clock: MarketClock
) -> None:
    desk.place("Buy", "Limit", price=FAR, time_in_force="GTC")
    clock.set_now(SESSION_END)
    assert desk.modify("Limit", price=FAR + 1, time_in_force="GTC") == [("CommandRejected", "SessionClosed")]
    assert words(market.cancel(1)) == [("Cancelled", "")]
    assert desk.place("Buy", "Market") == [("Rejected", "SessionClosed")]


def test_nothing_trades_and_no_price_moves_while_the_market_is_closed(
    desk: Desk, market: Market, clock: MarketClock
) -> None:
    desk.place("Buy", "Limit", price=6_690.0, time_in_force="GTC")
    clock.set_now(SESSION_END)
    assert desk.price(6_690.0) == []
    before = market.steps
    market.advance()
    assert (market.steps, market.last_price(ES)) == (before, 6_690.0)
    clock.set_now(NEXT_SESSION)
    assert desk.price(6_690.0) == [("Filled", 1, 6_690.0, 0)]
