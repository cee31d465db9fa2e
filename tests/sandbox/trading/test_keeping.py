"""What the exchange remembers and forgets."""

from tests.sandbox.trading.trader import START, Trader
from vendor_admin.sandbox.control.reset import reset


def test_of_orders_that_are_over_the_newest_are_kept_with_all_that_hangs_on_them() -> None:
    trader = Trader(keep_orders=3)
    placed = [trader.place(side, 1) for side in ("Buy", "Sell") * 4]
    kinds = ("order", "orderVersion", "command", "commandReport", "executionReport", "fill", "fillFee")
    for kind in kinds:
        assert len(trader.entities(kind)) == 3, kind
    assert [one["id"] for one in trader.entities("order")] == placed[-3:]
    assert len(trader.entities("position")) == 1
    assert trader.position() == 0


def test_orders_that_belong_to_a_running_strategy_are_kept() -> None:
    trader = Trader(keep_orders=1)
    trader.start_strategy("Buy", [1], 5.0)
    entry = trader.entities("order")[0]["id"]
    for side in ("Buy", "Sell") * 2:
        trader.place(side, 1)
    assert trader.status(entry) == "Filled"
    trader.price(START + 5)
    trader.place("Buy", 1)
    trader.place("Sell", 1)
    assert entry not in [one["id"] for one in trader.entities("order")]


def test_a_reset_forgets_everything_but_the_ids(trader: Trader) -> None:
    resting = trader.place("Buy", 1, "Limit", price=START - 10)
    trader.place("Buy", 2)
    trader.start_strategy("Sell", [1], 5.0)
    waits = trader.ask("order/placeorder", **trader.order("Buy", 1)).body["orderId"]
    last = max(one["id"] for one in trader.entities("order"))
    reset(trader.platform, {"organization": str(trader.organization.id)})
    trader.exchange.process()
    assert not trader.exchange.market.working(resting)
    assert trader.exchange.market.working_count == 0
    assert (trader.entities("order"), trader.entities("position"), trader.exchange.orders.strategies) == ([], [], {})
    told = [event for kind, event, entity in trader.events if kind == "order" and entity["id"] == waits]
    assert (told[0], told[-1]) == ("Created", "Deleted")
    assert trader.place("Buy", 1) > last
    assert trader.position() == 1
