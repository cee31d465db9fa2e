"""Loss, profit and drawdown limits of accounts by the partner API: changed."""

from vendor_admin.operations.api.making import WriteView
from vendor_admin.operations.api.single_writes import writes


class LimitChanges(WriteView):
    """Changes limits. The reading of the same address is in api.py."""

    patch = writes(
        "set_auto_liq",
        subject="account",
        operation_id="change_auto_liq",
        tag="Risk",
        summary="Change an account's loss and drawdown limits",
    )
