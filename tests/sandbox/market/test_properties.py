"""What must hold for every order, whatever comes in and whatever the prices do."""

import datetime as dt
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.market.trading import CONTRACTS, ES, MONDAY_NOON, filled, new_market
from vendor_admin.sandbox.market.kinds import KINDS, Style, Wait
from vendor_admin.sandbox.market.orders import (
    Action,
    Cancelled,
    Event,
    Expired,
    Filled,
    MarketOrder,
    Modified,
    Rejected,
    Repriced,
    Terms,
    Working,
)

# Offsets in ticks round the price, so that many orders are near enough to trade.
_TICKS = st.integers(-12, 12)
_PLACE = st.tuples(
    st.just("place"),
    st.sampled_from(["Buy", "Sell"]),
    st.sampled_from(sorted(KINDS)),
    st.integers(1, 150),
    _TICKS,
    _TICKS,
    st.sampled_from(["Day", "GTC", "GTD", "FOK", "IOC"]),
    st.sampled_from([None, 1, 3]),
)
_MODIFY = st.tuples(st.just("modify"), st.integers(0, 20), st.integers(1, 150), _TICKS, _TICKS)
_STEPS = st.lists(
    st.one_of(
        _PLACE,
        _PLACE,
        _MODIFY,
        st.tuples(st.just("cancel"), st.integers(0, 20)),
        st.tuples(st.just("advance"), st.integers(0, 4_000)),
        st.tuples(st.just("price"), _TICKS, st.integers(0, 40)),
    ),
    min_size=1,
    max_size=40,
)


class Tape:
    """Plays steps against a market and keeps what came of each order."""

    def __init__(self) -> None:
        self.market = new_market()
        self.orders: dict[int, MarketOrder] = {}
        self.events: list[Event] = []

    def play(self, steps: list[tuple[Any, ...]]) -> None:
        for name, *arguments in steps:
            events = getattr(self, name)(*arguments)
            self.events.extend(events)
            self._check_quotes()

    def place(
        self, action: Action, order_type: str, quantity: int, limit: int, stop: int, tif: str, show: int | None
    ) -> list[Event]:
        order_id = len(self.orders) + 1
        terms = Terms(
            order_type,
            quantity,
            price=self._near(limit),
            stop_price=self._near(stop),
            limit_if_touched_price=self._near(stop),
            peg_difference=abs(stop) * 0.25 or None,
            max_show=show and min(show, quantity),
            time_in_force=tif,
            expire_time=MONDAY_NOON + dt.timedelta(hours=2),
        )
        self.orders[order_id] = MarketOrder(order_id, ES, action, terms)
        return self.market.submit(self.orders[order_id])

    def modify(self, place: int, quantity: int, limit: int, stop: int) -> list[Event]:
        order_id = place % (len(self.orders) + 1)
        order_type = self.orders[order_id].terms.order_type if order_id in self.orders else "Limit"
        terms = Terms(order_type, quantity, price=self._near(limit), stop_price=self._near(stop))
        return self.market.modify(order_id, terms)

    def cancel(self, place: int) -> list[Event]:
        return self.market.cancel(place % (len(self.orders) + 1))

    def advance(self, seconds: int) -> list[Event]:
        self.market.clock.step(dt.timedelta(seconds=seconds))
        return self.market.advance()

    def price(self, offset: int, size: int) -> list[Event]:
        return self.market.set_price(ES, self._near(offset), size=size)

    def of(self, order_id: int) -> list[Event]:
        return [event for event in self.events if event.order_id == order_id]

    def _near(self, offset: int) -> float:
        return self.market.last_price(ES) + offset * 0.25

    def _check_quotes(self) -> None:
        quote = self.market.quote(ES)
        for price, size in [*quote.bids, *quote.asks]:
            assert CONTRACTS["ESU6"].product.ticks(price) is not None
            assert size > 0


@settings(max_examples=150, deadline=None)
@given(_STEPS)
def test_no_order_fills_more_than_its_quantity_or_after_its_end(steps: list[tuple[Any, ...]]) -> None:
    tape = Tape()
    tape.play(steps)
    for order_id, order in tape.orders.items():
        quantity, filled, ended = order.terms.quantity, 0, False
        for event in tape.of(order_id):
            if type(event).__name__ == "CommandRejected":
                continue
            assert not ended, f"{event} after its end"
            if isinstance(event, Modified):
                quantity = event.terms.quantity
            if isinstance(event, Filled):
                filled += event.quantity
                assert event.quantity > 0
                assert event.remaining == quantity - filled >= 0
            ended = isinstance(event, Cancelled | Expired | Rejected) or (
                isinstance(event, Filled) and not event.remaining
            )
        assert tape.market.working(order_id) is not ended


@settings(max_examples=150, deadline=None)
@given(_STEPS)
def test_no_order_trades_at_a_price_worse_than_its_limit_or_off_the_grid(steps: list[tuple[Any, ...]]) -> None:
    tape = Tape()
    tape.play(steps)
    for order_id, order in tape.orders.items():
        sign = 1 if order.action == "Buy" else -1
        limit, is_limited = order.terms.price, KINDS[order.terms.order_type].style is Style.LIMIT
        for event in tape.of(order_id):
            if isinstance(event, Modified) and not KINDS[order.terms.order_type].trails:
                limit = event.terms.price
            if isinstance(event, Repriced):
                limit = event.price
            if isinstance(event, Filled):
                assert CONTRACTS["ESU6"].product.ticks(event.price) is not None
                assert not is_limited or event.price * sign <= (limit or 0) * sign


@settings(max_examples=100, deadline=None)
@given(_STEPS)
def test_nothing_trades_before_it_went_off_and_kill_orders_trade_all_or_nothing(steps: list[tuple[Any, ...]]) -> None:
    tape = Tape()
    tape.play(steps)
    for order_id, order in tape.orders.items():
        events = [type(event).__name__ for event in tape.of(order_id)]
        if KINDS[order.terms.order_type].waits is not Wait.NOTHING and "Filled" in events:
            assert events.count("Triggered") == 1
            assert events.index("Triggered") < events.index("Filled")
        if order.terms.time_in_force == "FOK":
            assert filled(tape.of(order_id)) in (0, order.terms.quantity)


@settings(max_examples=60, deadline=None)
@given(_STEPS)
def test_every_order_is_answered_first_by_working_or_rejected(steps: list[tuple[Any, ...]]) -> None:
    tape = Tape()
    tape.play(steps)
    for order_id in tape.orders:
        assert isinstance(tape.of(order_id)[0], Working | Rejected)


@settings(max_examples=40, deadline=None)
@given(_STEPS)
def test_the_same_seed_and_the_same_orders_give_the_same_tape(steps: list[tuple[Any, ...]]) -> None:
    first, second = Tape(), Tape()
    first.play(steps)
    second.play(steps)
    assert first.events == second.events
