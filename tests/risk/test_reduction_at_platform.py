"""Risk that is reduced at the platform: orders, positions and strategies of a mirrored account end."""

from typing import Any

from tests.sandbox.plain_client import call, log_in
from tests.support.running_hub import wait_until
from tests.support.scene import Scene
from vendor_admin.mirrors.models import Order, OrderStrategy, Position
from vendor_admin.mirrors.queries.positions import open_positions
from vendor_admin.mirrors.queries.resting_orders import going_strategies, resting_orders
from vendor_admin.operations.kinds import Target

PARAMS = '{"entryVersion":{"orderQty":1,"orderType":"Limit","price":100},"brackets":[{"qty":1,"stopLoss":-15}]}'


def test_what_an_account_trades_ends_at_the_platform_and_in_the_mirror(scene: Scene) -> None:
    scene.sandbox.control("market/hours", always_open=True)
    account_id = scene.permissions()[0].account_id
    token = log_in(scene.sandbox)

    def asks(path: str, **body: Any) -> dict[str, Any]:
        contracts = call(scene.sandbox, "demo", "contract/suggest", token, None, t="MES", l=1)[1]
        order = {"accountId": account_id, "symbol": contracts[0]["name"], "action": "Buy", **body}
        return dict(call(scene.sandbox, "demo", path, token, order)[1])

    def count(rows: Any) -> int:
        with scene.scope():
            return int(rows().filter(account_id=account_id).count())

    asks("order/placeorder", orderQty=2, orderType="Market")
    order_id = asks("order/placeorder", orderQty=1, orderType="Limit", price=100)["orderId"]
    strategy = asks("orderStrategy/startorderstrategy", orderStrategyTypeId=2, params=PARAMS)["orderStrategy"]
    wait_until(lambda: count(lambda: open_positions(Position.objects.all())) == 1, what="the position in the mirror")
    wait_until(lambda: count(lambda: going_strategies(OrderStrategy.objects.all())) == 1, what="the strategy")
    with scene.scope():
        position = open_positions(Position.objects.filter(account_id=account_id)).get()

    for kind, target in (
        ("interrupt_strategies", Target("orderStrategy", strategy["id"])),
        ("cancel_orders", Target("order", order_id)),
        ("liquidate_positions", Target("position", position.entity_id)),
    ):
        plan = scene.start(kind, [target])
        scene.work()
        assert [(row.state, row.why) for row in scene.rows(plan)] == [("succeeded", "")], kind

    assert scene.expected("order")[order_id]["ordStatus"] == "Canceled"
    wait_until(lambda: count(lambda: open_positions(Position.objects.all())) == 0, what="a flat account")
    wait_until(lambda: count(lambda: resting_orders(Order.objects.all())) == 0, what="no order that rests")
    wait_until(lambda: count(lambda: going_strategies(OrderStrategy.objects.all())) == 0, what="no strategy")
