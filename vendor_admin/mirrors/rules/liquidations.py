"""What one auto-liquidation did, in words. Pure: any object with the fields of autoLiqTransaction will do."""

from typing import Any

_CANCELLED = (
    ("cancelled_buy_limit_qty", "buy limit"),
    ("cancelled_buy_stop_qty", "buy stop"),
    ("cancelled_sell_limit_qty", "sell limit"),
    ("cancelled_sell_stop_qty", "sell stop"),
)
NOTHING = "nothing"


def closed_in_words(transaction: Any) -> str:
    """The position that was closed, e.g. "long 2"; empty where the platform did not say."""
    net = transaction.liquidated_net_pos
    if net is None:
        return ""
    return f"{'long' if net > 0 else 'short'} {abs(net):,}" if net else NOTHING


def cancelled_in_words(transaction: Any) -> str:
    """How many contracts of which orders were cancelled, e.g. "2 buy limit, 1 sell stop"."""
    found = [(getattr(transaction, name), words) for name, words in _CANCELLED]
    return ", ".join(f"{quantity:,} {words}" for quantity, words in found if quantity) or NOTHING
