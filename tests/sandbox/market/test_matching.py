"""Orders against the market's depth: market and limit orders, their queue, modification and cancellation."""

import pytest

from tests.sandbox.market.trading import CONTRACTS, ES, MONDAY_NOON, Desk, filled, words
from vendor_admin.sandbox.market.clock import MarketClock
from vendor_admin.sandbox.market.matching import Market
from vendor_admin.sandbox.market.orders import Action, Filled, MarketOrder, Terms, Working

WORKING = ("Working",)
NO_MORE = ("Cancelled", "NotEnoughLiquidity")


def test_events_name_their_order_and_the_time_of_the_clock(market: Market) -> None:
    events = market.submit(MarketOrder(17, ES, "Buy", Terms("Market", 2)))
    assert events == [Working(17, MONDAY_NOON), Filled(17, MONDAY_NOON, 2, 6_700.0, 0)]
    assert not market.working(17)


@pytest.mark.parametrize("action", ["Buy", "Sell"])
def test_both_sides_trade_at_the_price_that_was_set(desk: Desk, action: Action) -> None:
    assert desk.place(action, "Market", 2) == [WORKING, ("Filled", 2, 6_700.0, 0)]


def test_a_large_market_order_works_its_way_through_the_depth(desk: Desk) -> None:
    assert desk.place("Sell", "Market", 25) == [
        WORKING,
        ("Filled", 10, 6_700.0, 15),
        ("Filled", 10, 6_699.75, 5),
        ("Filled", 5, 6_699.5, 0),
    ]


def test_what_one_order_took_is_gone_for_the_next_until_prices_move(desk: Desk) -> None:
    desk.place("Buy", "Market", 10)
    assert desk.place("Buy", "Market") == [WORKING, ("Filled", 1, 6_700.25, 0)]
    desk.price(6_700.0)
    assert desk.place("Buy", "Market") == [WORKING, ("Filled", 1, 6_700.0, 0)]


def test_what_the_depth_cannot_give_a_market_order_is_cancelled(desk: Desk) -> None:
    events = desk.place("Buy", "Market", 101)
    assert events[-1] == NO_MORE
    assert sum(event[1] for event in events if event[0] == "Filled") == 100


@pytest.mark.parametrize("order_type", ["Market", "MarketLimit", "MarketWithProtection"])
def test_an_order_at_any_price_is_rejected_when_nothing_is_left(desk: Desk, order_type: str) -> None:
    desk.price(6_700.0, size=0)
    assert desk.place("Buy", order_type) == [("Rejected", "NotEnoughLiquidity")]
    assert not desk.is_working


def test_a_limit_order_rests_until_the_price_comes_to_it(desk: Desk) -> None:
    assert desk.place("Buy", "Limit", 2, price=6_690.0) == [WORKING]
    assert desk.price(6_690.25) == []
    assert desk.price(6_690.0) == [("Filled", 2, 6_690.0, 0)]


def test_a_limit_order_beyond_the_market_trades_at_the_markets_price(desk: Desk) -> None:
    assert desk.place("Buy", "Limit", price=6_705.0) == [WORKING, ("Filled", 1, 6_700.0, 0)]


def test_a_limit_order_takes_what_its_limit_reaches_and_the_rest_stays(desk: Desk) -> None:
    assert desk.place("Buy", "Limit", 25, price=6_700.25) == [
        WORKING,
        ("Filled", 10, 6_700.0, 15),
        ("Filled", 10, 6_700.25, 5),
    ]
    assert desk.price(6_700.0, size=2) == [("Filled", 4, 6_700.25, 1)]
    assert desk.price(6_699.0) == [("Filled", 1, 6_700.25, 0)]


def test_what_rested_trades_at_its_own_price_when_the_market_goes_through_it(desk: Desk) -> None:
    desk.place("Sell", "Limit", price=6_710.0)
    assert desk.price(6_720.0) == [("Filled", 1, 6_710.0, 0)]


def test_the_better_price_comes_first_and_then_who_came_first(desk: Desk, market: Market) -> None:
    for price in (6_690.0, 6_691.0, 6_690.0):
        desk.place("Buy", "Limit", 10, price=price)
    assert [event.order_id for event in market.set_price(ES, 6_690.0, size=12)] == [2, 1]
    assert [event.order_id for event in market.set_price(ES, 6_690.0, size=15)] == [1, 3]


def test_another_price_and_a_larger_quantity_lose_the_place_in_the_queue(desk: Desk, market: Market) -> None:
    for _ in range(3):
        desk.place("Buy", "Limit", 10, price=6_690.0)
    market.modify(1, Terms("Limit", 11, price=6_690.0))
    market.modify(2, Terms("Limit", 5, price=6_690.0))
    assert [event.order_id for event in market.set_price(ES, 6_690.0, size=30)] == [2, 3, 1]


def test_of_an_iceberg_no_more_than_it_shows_is_met_at_a_time(desk: Desk) -> None:
    desk.place("Buy", "Limit", 5, price=6_690.0, max_show=2)
    assert [desk.price(6_690.0) for _ in range(3)] == [
        [("Filled", 2, 6_690.0, 3)],
        [("Filled", 2, 6_690.0, 1)],
        [("Filled", 1, 6_690.0, 0)],
    ]


def test_a_modified_order_trades_at_once_when_its_price_is_reached(desk: Desk) -> None:
    desk.place("Buy", "Limit", price=6_690.0)
    terms = Terms("Limit", 3, price=6_700.0)
    assert desk.modify("Limit", 3, price=6_700.0) == [("Modified", terms), ("Filled", 3, 6_700.0, 0)]


def test_a_quantity_counts_what_is_filled_already(desk: Desk) -> None:
    desk.place("Buy", "Limit", 15, price=6_700.0)
    assert desk.modify("Limit", 10, price=6_700.0) == [("CommandRejected", "TooLate")]
    assert desk.modify("Limit", 12, price=6_700.0)[0][0] == "Modified"
    assert desk.price(6_700.0) == [("Filled", 2, 6_700.0, 0)]


def test_a_cancelled_order_trades_no_more(desk: Desk, market: Market) -> None:
    desk.place("Buy", "Limit", price=6_690.0)
    assert words(market.cancel(1)) == [("Cancelled", "")]
    assert desk.price(6_680.0) == []


def test_what_has_ended_can_be_neither_modified_nor_cancelled(desk: Desk, market: Market) -> None:
    desk.place("Buy", "Market")
    assert desk.modify("Limit", 2, price=6_690.0) == [("CommandRejected", "TooLate")]
    assert words(market.cancel(1)) == [("CommandRejected", "TooLate")]


def test_an_order_that_works_cannot_be_handed_in_again(desk: Desk, market: Market) -> None:
    desk.place("Buy", "Limit", price=6_690.0)
    with pytest.raises(ValueError, match="working already"):
        market.submit(MarketOrder(1, ES, "Buy", Terms("Market", 1)))


def test_fill_or_kill_is_all_or_nothing(desk: Desk) -> None:
    assert desk.place("Buy", "Limit", 11, price=6_700.0, time_in_force="FOK") == [WORKING, NO_MORE]
    assert desk.place("Buy", "Limit", 11, price=6_700.25, time_in_force="FOK") == [
        WORKING,
        ("Filled", 10, 6_700.0, 1),
        ("Filled", 1, 6_700.25, 0),
    ]


def test_immediate_or_cancel_takes_what_is_there(desk: Desk) -> None:
    assert desk.place("Sell", "Limit", 11, price=6_700.0, time_in_force="IOC") == [
        WORKING,
        ("Filled", 10, 6_700.0, 1),
        NO_MORE,
    ]


def test_the_micro_goes_along_with_the_full_size_contract_and_has_a_depth_of_its_own(
    desk: Desk, market: Market
) -> None:
    micro = CONTRACTS["MESU6"].id
    market.submit(MarketOrder(501, micro, "Buy", Terms("Limit", 1, price=6_690.0)))
    assert [event.order_id for event in market.set_price(ES, 6_690.0, size=1)] == [501]
    desk.place("Buy", "Market")
    assert filled(market.submit(MarketOrder(502, micro, "Sell", Terms("Limit", 1, price=6_690.0)))) == 1


def test_a_price_off_the_grid_cannot_be_set(market: Market, clock: MarketClock) -> None:
    with pytest.raises(ValueError, match=r"tick is 0\.25"):
        market.set_price(ES, 6_700.1)
    with pytest.raises(KeyError):
        market.set_price(1, 6_700.0)


def test_a_quote_shows_what_is_left(desk: Desk, market: Market) -> None:
    desk.place("Buy", "Market", 4)
    quote = market.quote(ES)
    assert (quote.bid, quote.bid_size, quote.ask, quote.ask_size, quote.last) == (6_700.0, 10, 6_700.0, 6, 6_700.0)
    assert len(quote.bids) == len(quote.asks) == 10
    assert quote.at == MONDAY_NOON
    assert market.last_price(ES) == 6_700.0
