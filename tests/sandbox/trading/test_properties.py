"""Whatever is traded: books add up, and what is over stays over. Reckoned anew from the events that were told."""

from collections import Counter, defaultdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.trading.trader import START, Trader

FEE = 0.79 + 1.40
POINT = 5.0
TICK = 0.25
SIDES = st.sampled_from(["Buy", "Sell"])
OFFSETS = st.integers(-40, 40)
SIZES = st.integers(1, 4)

orders = st.tuples(
    st.just("order"), SIDES, st.sampled_from(["Market", "Limit", "Stop", "TrailingStop"]), SIZES, OFFSETS
)
pairs = st.tuples(st.just("oco"), SIDES, SIZES, st.integers(1, 40), st.integers(1, 40))
parents = st.tuples(st.just("oso"), SIDES, SIZES, OFFSETS, st.integers(1, 40))
brackets = st.tuples(st.just("strategy"), SIDES, st.lists(SIZES, min_size=1, max_size=3), st.integers(1, 40))
prices = st.tuples(st.just("price"), OFFSETS, st.integers(1, 6))
changes = st.tuples(st.just("modify"), st.integers(0, 9), SIZES, OFFSETS)
ends = st.tuples(st.just("cancel"), st.integers(0, 9))
actions = st.one_of(orders, orders, pairs, parents, brackets, prices, prices, prices, changes, ends)


def at(offset: int) -> float:
    return START + offset * TICK


def do(trader: Trader, action: tuple[Any, ...]) -> None:
    """One action; whether the platform takes it does not matter here."""
    match action:
        case ("order", side, kind, quantity, offset):
            fields = {} if kind == "Market" else {"price" if kind == "Limit" else "stopPrice": at(offset)}
            trader.call("order/placeorder", **trader.order(side, quantity, kind, **fields))
        case ("oco", side, quantity, above, below):
            other = {"action": side, "orderType": "Limit", "price": at(-below)}
            body = trader.order(side, quantity, "Limit", price=at(above))
            trader.call("order/placeoco", **body, other=other)
        case ("oso", side, quantity, offset, distance):
            closing, sign = ("Sell", 1) if side == "Buy" else ("Buy", -1)
            target = {"action": closing, "orderType": "Limit", "price": at(offset + sign * distance)}
            stop = {"action": closing, "orderType": "Stop", "stopPrice": at(offset - sign * distance)}
            body = trader.order(side, quantity, "Limit", price=at(offset))
            trader.call("order/placeoso", **body, bracket1=target, bracket2=stop)
        case ("strategy", side, quantities, distance):
            trader.start_strategy(side, quantities, distance * TICK)
        case ("price", offset, size):
            trader.price(at(offset), size=size)
        case ("modify", place, quantity, offset):
            for order in live(trader)[place : place + 1]:
                body = {"orderId": order["id"], "orderQty": quantity, "orderType": "Limit", "price": at(offset)}
                trader.call("order/modifyorder", **body)
        case ("cancel", place):
            for order in live(trader)[place : place + 1]:
                trader.call("order/cancelorder", orderId=order["id"])


def live(trader: Trader) -> list[dict[str, Any]]:
    return [one for one in trader.entities("order") if one["ordStatus"] in ("Working", "Suspended")]


def told(trader: Trader, entity_type: str) -> list[dict[str, Any]]:
    return [entity for kind, _, entity in trader.events if kind == entity_type]


@settings(max_examples=40)
@given(st.lists(actions, max_size=14))
def test_books_add_up_whatever_is_traded(steps: list[tuple[Any, ...]]) -> None:
    trader = Trader()
    start = trader.cash
    for step in steps:
        do(trader, step)
    fills = told(trader, "fill")
    signed = [fill["qty"] * (1 if fill["action"] == "Buy" else -1) for fill in fills]
    assert sum(signed) == trader.position()
    realized = sum(pair["qty"] * (pair["sellPrice"] - pair["buyPrice"]) * POINT for pair in told(trader, "fillPair"))
    fees = FEE * sum(fill["qty"] for fill in fills)
    assert round(trader.cash, 2) == round(start + realized - fees, 2)
    assert round(sum(log["delta"] for log in told(trader, "cashBalanceLog")), 2) == round(trader.cash - start, 2)
    position = next(iter(trader.entities("position")), {"netPos": 0})
    worth = -sum(quantity * fill["price"] for quantity, fill in zip(signed, fills, strict=True)) * POINT
    held = position["netPos"] * position.get("netPrice", 0.0) * POINT
    assert round(worth + held, 2) == round(realized, 2)


@settings(max_examples=40)
@given(st.lists(actions, max_size=14))
def test_no_order_fills_more_than_it_asks_for_or_after_its_end(steps: list[tuple[Any, ...]]) -> None:
    trader = Trader()
    for step in steps:
        do(trader, step)
    filled: Counter[int] = Counter()
    wanted: dict[int, int] = {}
    over: dict[int, str] = {}
    for kind, _, entity in trader.events:
        if kind == "orderVersion":
            wanted[entity["orderId"]] = entity["orderQty"]
        elif kind == "fill":
            assert entity["orderId"] not in over
            filled[entity["orderId"]] += entity["qty"]
        elif kind == "order" and entity["ordStatus"] in ("Filled", "Canceled", "Rejected", "Expired"):
            assert over.setdefault(entity["id"], entity["ordStatus"]) == entity["ordStatus"]
    for order_id, status in over.items():
        assert status != "Filled" or filled[order_id] == wanted[order_id]
        assert not trader.exchange.market.working(order_id)
    assert {one["id"] for one in live(trader)} == set(trader.exchange.orders.by_id)


@settings(max_examples=30)
@given(SIDES, st.lists(SIZES, min_size=1, max_size=3), st.lists(prices, max_size=10))
def test_a_strategy_never_closes_more_than_its_entry_opened(
    side: str, quantities: list[int], moves: list[tuple[Any, ...]]
) -> None:
    trader = Trader()
    trader.start_strategy(side, quantities, 5.0)
    for move in moves:
        do(trader, move)
    total, sign = sum(quantities), 1 if side == "Buy" else -1
    assert 0 <= trader.position() * sign <= total
    resting: dict[str, int] = defaultdict(int)
    for order in live(trader):
        version, done = (
            trader.version(order["id"]),
            sum(fill["qty"] for fill in told(trader, "fill") if fill["orderId"] == order["id"]),
        )
        resting[version["orderType"]] += version["orderQty"] - done
    assert all(quantity == abs(trader.position()) for quantity in resting.values())
    assert set(resting) == ({"Limit", "Stop"} if trader.position() else set())


@settings(max_examples=30)
@given(st.lists(actions, max_size=8), st.lists(actions, max_size=8))
def test_nothing_fills_after_a_lock(before: list[tuple[Any, ...]], after: list[tuple[Any, ...]]) -> None:
    trader = Trader()
    for step in before:
        do(trader, step)
    action = {"adminAction": "LockTradingImmediately", "adminActionReasonCode": "CloseFraud"}
    trader.call("accountRiskStatus/setadminautoliqaction", accountId=trader.account_id, **action)
    trader.new_events()
    for step in after:
        do(trader, step)
    assert told(trader, "fill") == []
    assert live(trader) == []
