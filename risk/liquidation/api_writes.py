"""Positions by the partner API: liquidated."""

from vendor_admin.operations.api.making import WriteView
from vendor_admin.operations.api.single_writes import writes


class PositionLiquidation(WriteView):
    """Closes a position at the market, before all other changes that wait."""

    post = writes(
        "liquidate_positions",
        subject="position",
        operation_id="liquidate_position",
        tag="Trading",
        summary="Liquidate a position at once",
    )
