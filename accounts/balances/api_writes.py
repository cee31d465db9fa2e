"""Money of accounts by the partner API: changes of balances, and the peak of a trailing drawdown."""

from vendor_admin.operations.api.making import WriteView
from vendor_admin.operations.api.single_writes import writes

TAG = "Balances"


class BalanceChanges(WriteView):
    """Adds money to an account, or takes it away."""

    post = writes(
        "change_balances",
        subject="account",
        operation_id="change_balance",
        tag=TAG,
        summary="Change an account's balance",
    )


class Peak(WriteView):
    """The highest value that the platform remembers of an account."""

    put = writes(
        "update_max_net_liq",
        subject="account",
        operation_id="set_peak",
        tag=TAG,
        summary="Set the peak of an account's drawdown",
    )
