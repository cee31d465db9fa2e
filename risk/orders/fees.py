"""What a fill costs. Pure."""

from decimal import Decimal
from typing import Any

FEES = (
    "clearing_fee",
    "exchange_fee",
    "nfa_fee",
    "brokerage_fee",
    "ip_fee",
    "commission",
    "order_routing_fee",
)


def total_fees(fees: Any) -> Decimal | None:
    """All fees of a fill together, of a row of fillFee; None where none is known."""
    known = [amount for name in FEES if fees is not None and (amount := getattr(fees, name)) is not None]
    return sum(known, Decimal(0)) if known else None
