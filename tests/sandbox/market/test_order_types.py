"""What each order type waits for, and how it trades once it goes."""

import itertools
from typing import Any

import pytest

from tests.sandbox.market.trading import CONTRACTS, ES, MONDAY_NOON, Desk
from vendor_admin.sandbox.market.kinds import KINDS, PROTECTION_TICKS
from vendor_admin.sandbox.market.matching import Market
from vendor_admin.sandbox.market.orders import Action, Terms
from vendor_admin.sandbox.trading.refusals import OrderRefusedError
from vendor_admin.sandbox.trading.terms import need_terms

WORKING = ("Working",)
TRIGGERED = ("Triggered",)
NO_MORE = ("Cancelled", "NotEnoughLiquidity")


def test_all_twelve_types_are_known() -> None:
    """Nine of `openapi.json` and three more of the page on OSO orders."""
    assert set(KINDS) == {
        *("Limit", "LimitIfTouched", "MIT", "Market", "QTS", "Stop", "StopLimit", "TrailingStop", "TrailingStopLimit"),
        *("MarketLimit", "MarketStopWithProtection", "MarketWithProtection"),
    }


def test_a_stop_becomes_a_market_order_when_the_price_comes_to_it(desk: Desk) -> None:
    assert desk.place("Sell", "Stop", 2, stop_price=6_690.0) == [WORKING]
    assert desk.price(6_690.25) == []
    assert desk.price(6_690.0) == [TRIGGERED, ("Filled", 2, 6_690.0, 0)]


def test_a_stop_slips_when_the_price_jumps_over_it(desk: Desk) -> None:
    desk.place("Buy", "Stop", stop_price=6_710.0)
    assert desk.price(6_725.0) == [TRIGGERED, ("Filled", 1, 6_725.0, 0)]


def test_a_stop_limit_becomes_a_limit_order(desk: Desk) -> None:
    desk.place("Sell", "StopLimit", stop_price=6_690.0, price=6_689.0)
    assert desk.price(6_688.0) == [TRIGGERED], "the price jumped over the limit"
    assert desk.price(6_689.0) == [("Filled", 1, 6_689.0, 0)]


def test_a_market_if_touched_order_waits_on_the_better_side(desk: Desk) -> None:
    assert desk.place("Buy", "MIT", price=6_690.0) == [WORKING]
    assert desk.price(6_710.0) == []
    assert desk.price(6_690.0) == [TRIGGERED, ("Filled", 1, 6_690.0, 0)]


def test_a_touched_price_that_is_there_already_goes_off_at_once(desk: Desk) -> None:
    assert desk.place("Sell", "MIT", price=6_699.0) == [WORKING, TRIGGERED, ("Filled", 1, 6_700.0, 0)]


def test_a_limit_if_touched_order_becomes_a_limit_order(desk: Desk) -> None:
    desk.place("Sell", "LimitIfTouched", limit_if_touched_price=6_710.0, price=6_712.0)
    assert desk.price(6_709.0) == []
    assert desk.price(6_710.0) == [TRIGGERED]
    assert desk.price(6_712.0) == [("Filled", 1, 6_712.0, 0)]


def test_the_rest_of_a_market_limit_order_stays_at_the_price_it_began_with(desk: Desk) -> None:
    assert desk.place("Buy", "MarketLimit", 12) == [WORKING, ("Filled", 10, 6_700.0, 2)]
    assert desk.price(6_700.25) == []
    assert desk.price(6_699.0) == [("Filled", 2, 6_700.0, 0)]


def test_a_protected_order_goes_no_further_than_its_protection(desk: Desk) -> None:
    """Ten levels are less than the protection, so the rest waits at its end."""
    end = 6_700.0 - PROTECTION_TICKS * 0.25
    events = desk.place("Sell", "MarketWithProtection", 105)
    assert sum(event[1] for event in events if event[0] == "Filled") == 100
    assert desk.is_working
    assert desk.price(end - 0.25) == []
    assert desk.price(end) == [("Filled", 5, end, 0)]


def test_a_protected_stop_that_the_price_jumps_over_waits_at_the_end_of_its_protection(desk: Desk) -> None:
    end = 6_710.0 + PROTECTION_TICKS * 0.25
    desk.place("Buy", "MarketStopWithProtection", stop_price=6_710.0)
    assert desk.price(end + 0.25) == [TRIGGERED]
    assert desk.price(end) == [("Filled", 1, end, 0)]


def test_a_protected_stop_trades_within_its_protection(desk: Desk) -> None:
    desk.place("Buy", "MarketStopWithProtection", stop_price=6_710.0)
    assert desk.price(6_711.0) == [TRIGGERED, ("Filled", 1, 6_711.0, 0)]


def test_a_quantity_triggered_stop_waits_until_its_price_is_nearly_sold_out(desk: Desk) -> None:
    desk.place("Buy", "QTS", 3, price=6_710.0)
    assert desk.price(6_710.0, size=4) == []
    assert desk.price(6_710.0, size=3) == [TRIGGERED, ("Filled", 3, 6_710.0, 0)]


def test_a_quantity_triggered_stop_goes_off_when_the_price_goes_beyond(desk: Desk) -> None:
    desk.place("Sell", "QTS", price=6_690.0)
    assert desk.price(6_689.75, size=50) == [TRIGGERED, ("Filled", 1, 6_689.75, 0)]


def test_a_trailing_stop_follows_a_rising_price_and_never_goes_back(desk: Desk) -> None:
    assert desk.place("Sell", "TrailingStop", stop_price=6_690.0, peg_difference=10.0) == [WORKING]
    assert desk.price(6_705.0) == [("Repriced", 6_695.0, None)]
    assert desk.price(6_696.0) == []
    assert desk.price(6_704.0) == []
    assert desk.price(6_695.0) == [TRIGGERED, ("Filled", 1, 6_695.0, 0)]


def test_a_trailing_stop_to_buy_follows_a_falling_price(desk: Desk) -> None:
    desk.place("Buy", "TrailingStop", stop_price=6_710.0)
    assert desk.price(6_680.0) == [("Repriced", 6_690.0, None)], "it keeps the distance that its stop price had"
    assert desk.price(6_690.25) == [TRIGGERED, ("Filled", 1, 6_690.25, 0)]


def test_a_trailing_stop_without_a_stop_price_begins_at_its_distance(desk: Desk) -> None:
    desk.place("Sell", "TrailingStop", peg_difference=5.0)
    assert desk.price(6_695.25) == []
    assert desk.price(6_695.0) == [TRIGGERED, ("Filled", 1, 6_695.0, 0)]


def test_a_trailing_stop_with_both_begins_at_its_stop_price_and_follows_at_its_distance(desk: Desk) -> None:
    desk.place("Sell", "TrailingStop", stop_price=6_680.0, peg_difference=10.0)
    assert desk.price(6_700.25) == [("Repriced", 6_690.25, None)]


def test_the_limit_of_a_trailing_stop_limit_goes_along(desk: Desk) -> None:
    desk.place("Sell", "TrailingStopLimit", stop_price=6_690.0, price=6_689.0)
    assert desk.price(6_710.0) == [("Repriced", 6_700.0, 6_699.0)]
    assert desk.price(6_698.0) == [TRIGGERED], "the price jumped over the limit"
    assert desk.price(6_699.0) == [("Filled", 1, 6_699.0, 0)]


def test_of_a_trailing_stop_nothing_but_the_quantity_can_be_changed(desk: Desk) -> None:
    desk.place("Sell", "TrailingStop", 3, stop_price=6_690.0)
    desk.price(6_705.0)
    refused = [("CommandRejected", "TrailingStopNonOrderQtyModify")]
    assert desk.modify("TrailingStop", 3, stop_price=6_691.0) == refused
    assert desk.modify("Stop", 3, stop_price=6_690.0) == refused
    modified = ("Modified", Terms("TrailingStop", 2, stop_price=6_690.0))
    assert desk.modify("TrailingStop", 2) == [modified]
    assert desk.modify("TrailingStop", 2, stop_price=6_695.0) == [modified], "that is where it is now"
    assert desk.price(6_695.0) == [TRIGGERED, ("Filled", 2, 6_695.0, 0)]


def test_a_stop_that_is_moved_waits_at_its_new_price(desk: Desk) -> None:
    desk.place("Sell", "Stop", stop_price=6_690.0)
    assert desk.modify("Stop", stop_price=6_680.0)[0][0] == "Modified"
    assert desk.price(6_685.0) == []
    assert desk.price(6_680.0) == [TRIGGERED, ("Filled", 1, 6_680.0, 0)]


def test_a_stop_limit_that_went_off_can_have_another_limit(desk: Desk) -> None:
    desk.place("Sell", "StopLimit", stop_price=6_690.0, price=6_689.0)
    desk.price(6_680.0)
    assert desk.modify("StopLimit", stop_price=6_690.0, price=6_681.0)[0][0] == "Modified"
    assert desk.price(6_681.0) == [("Filled", 1, 6_681.0, 0)]


def test_a_stop_can_become_a_limit_order(desk: Desk) -> None:
    desk.place("Sell", "Stop", stop_price=6_690.0)
    desk.modify("Limit", price=6_710.0)
    assert desk.price(6_680.0) == []
    assert desk.price(6_710.0) == [("Filled", 1, 6_710.0, 0)]


def test_a_stop_that_goes_off_where_nothing_is_left_ends(desk: Desk, market: Market) -> None:
    desk.place("Sell", "Stop", stop_price=6_690.0)
    assert desk.price(6_690.0, size=0) == [TRIGGERED, NO_MORE]
    assert not market.working(1)


@pytest.mark.parametrize("order_type", KINDS)
def test_terms_that_a_call_may_have_lack_nothing_that_the_market_needs(desk: Desk, order_type: str) -> None:
    """Whatever is left out and yet gets through the call is not missed by the market."""
    prices = {"price": 6_690.0, "stop_price": 6_690.0, "limit_if_touched_price": 6_690.0, "peg_difference": 10.0}
    contract = CONTRACTS["ESU6"]
    for count in range(len(prices) + 1):
        for names in itertools.combinations(prices, count):
            given: dict[str, Any] = {name: prices[name] for name in names}
            try:
                need_terms(contract, "Sell", Terms(order_type, 1, **given), now=MONDAY_NOON)
            except OrderRefusedError:
                continue
            assert desk.place("Sell", order_type, **given)[0] == WORKING, given


@pytest.mark.parametrize(
    ("action", "terms"),
    [
        ("Buy", {"order_type": "Stop", "stop_price": 6_699.0}),
        ("Buy", {"order_type": "Stop", "stop_price": 6_700.0}),
        ("Sell", {"order_type": "Stop", "stop_price": 6_701.0}),
        ("Sell", {"order_type": "StopLimit", "stop_price": 6_701.0, "price": 6_700.0}),
        ("Sell", {"order_type": "TrailingStop", "stop_price": 6_701.0}),
        ("Sell", {"order_type": "QTS", "price": 6_701.0}),
        ("Sell", {"order_type": "MarketStopWithProtection", "stop_price": 6_701.0}),
    ],
)
def test_a_stop_on_the_wrong_side_is_rejected(desk: Desk, action: Action, terms: dict[str, Any]) -> None:
    assert desk.place(action, **terms) == [("Rejected", "InvalidPrice")]


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"order_type": "Limit", "price": 6_690.1}, "InvalidPrice"),
        ({"order_type": "Limit", "price": -6_690.0}, "InvalidPrice"),
        ({"order_type": "Limit"}, "InvalidPrice"),
        ({"order_type": "Stop"}, "InvalidPrice"),
        ({"order_type": "Stop", "stop_price": 6_710.1}, "InvalidPrice"),
        ({"order_type": "StopLimit", "stop_price": 6_710.0}, "InvalidPrice"),
        ({"order_type": "MIT"}, "InvalidPrice"),
        ({"order_type": "LimitIfTouched", "price": 6_690.0}, "InvalidPrice"),
        ({"order_type": "TrailingStop"}, "InvalidPrice"),
        ({"order_type": "TrailingStop", "peg_difference": 0.0}, "InvalidPrice"),
        ({"order_type": "TrailingStop", "peg_difference": 1.1}, "InvalidPrice"),
        ({"order_type": "Market", "quantity": 0}, "OtherExecutionRelated"),
        ({"order_type": "Market", "quantity": -1}, "OtherExecutionRelated"),
        ({"order_type": "Limit", "price": 6_690.0, "max_show": 2}, "OtherExecutionRelated"),
        ({"order_type": "Iceberg"}, "Unsupported"),
        ({"order_type": "Market", "time_in_force": "Forever"}, "Unsupported"),
        ({"order_type": "Stop", "stop_price": 6_710.0, "time_in_force": "FOK"}, "Unsupported"),
        ({"order_type": "Limit", "price": 6_690.0, "time_in_force": "GTD"}, "OtherExecutionRelated"),
    ],
)
def test_terms_that_make_no_sense_are_rejected(desk: Desk, terms: dict[str, Any], reason: str) -> None:
    assert desk.place("Buy", **terms) == [("Rejected", reason)]
    assert not desk.is_working


def test_a_modification_that_makes_no_sense_leaves_the_order_as_it_was(desk: Desk, market: Market) -> None:
    desk.place("Buy", "Stop", stop_price=6_710.0)
    for price in (6_690.0, 6_710.1):
        assert desk.modify("Stop", stop_price=price) == [("CommandRejected", "InvalidPrice")]
    assert desk.price(6_710.0) == [TRIGGERED, ("Filled", 1, 6_710.0, 0)]
    assert market.last_price(ES) == 6_710.0
