"""Orders and strategies by the partner API: cancelled and interrupted."""

from vendor_admin.operations.api.making import WriteView
from vendor_admin.operations.api.single_writes import writes

TAG = "Trading"


class OrderCancellation(WriteView):
    """Cancels an order, before all other changes that wait."""

    post = writes(
        "cancel_orders", subject="order", operation_id="cancel_order", tag=TAG, summary="Cancel an order at once"
    )


class StrategyInterruption(WriteView):
    """Ends a strategy and cancels its orders, before all other changes that wait."""

    post = writes(
        "interrupt_strategies",
        subject="order_strategy",
        operation_id="interrupt_order_strategy",
        tag=TAG,
        summary="Interrupt an order strategy at once",
    )
