"""Orders and strategies by the partner API: placed, started, changed. Reading and cancelling are in risk/orders."""

from risk.orders.api import Orders, OrderStrategies
from vendor_admin.operations.api.making import ASKED_BY_VERBS, WriteView
from vendor_admin.operations.api.single_writes import writes

TAG = "Trading"


class OrdersToTrade(WriteView, Orders):
    """The list of orders; places one, changes one."""

    required_scopes = {**Orders.required_scopes, **ASKED_BY_VERBS}
    create = writes("place_orders", operation_id="place_order", tag=TAG, summary="Place an order")
    partial_update = writes(
        "modify_orders", subject="order", operation_id="modify_order", tag=TAG, summary="Change an order that rests"
    )


class OcoOrders(WriteView):
    """Places two orders of which one cancels the other."""

    post = writes(
        "place_oco_orders", operation_id="place_oco", tag=TAG, summary="Place two orders that cancel each other"
    )


class OsoOrders(WriteView):
    """Places an entry with its brackets."""

    post = writes(
        "place_oso_orders",
        operation_id="place_oso",
        tag=TAG,
        summary="Place an order that sends brackets once filled",
    )


class StrategiesToRun(WriteView, OrderStrategies):
    """The list of strategies; starts one, changes one."""

    required_scopes = {**OrderStrategies.required_scopes, **ASKED_BY_VERBS}
    create = writes(
        "start_strategies", operation_id="start_strategy", tag=TAG, summary="Start a multi-bracket strategy"
    )
    partial_update = writes(
        "modify_strategies",
        subject="order_strategy",
        operation_id="modify_strategy",
        tag=TAG,
        summary="Change a strategy that runs",
    )
