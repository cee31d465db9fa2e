"""What can be said against an order once its contract and the market are known, before it is sent.

Pure: plain values in, faults of the request's fields out. What a request says against itself is checked by the
catalogue (operations/trading); what only the platform knows comes back as its reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from vendor_admin.tradovate.errors import Fault
from vendor_admin.tradovate.operations.trading.order_changes import ModifyOrder
from vendor_admin.tradovate.operations.trading.order_strategies import StartOrderStrategy
from vendor_admin.tradovate.operations.trading.orders import PlaceOCO, PlaceOrder, PlaceOSO
from vendor_admin.tradovate.operations.trading.terms import STOPS, Terms, opposite, side_faults

MARKET: Final = "the market's price"


@dataclass(frozen=True, slots=True)
class TradedContract:
    """What has to be known of a contract. `tick_size` is in points, None where it is not known; `expires_at` is an
    aware time."""

    name: str
    tick_size: Decimal | None = None
    expires_at: datetime | None = None


def order_faults(
    order: PlaceOrder, contract: TradedContract | None, *, market_price: Decimal | None = None, now: datetime
) -> Iterator[Fault]:
    """Everything wrong with an order, an OCO or an OSO. `contract` is None where no contract has the symbol;
    `market_price` is None where no price is known, or only one that is too old to tell a side by.
    """
    if contract is None:
        yield Fault("symbol", "not_found", "names no contract")
        return
    yield from expiry_faults(contract, now=now)
    yield from _terms_faults("", order, contract.tick_size)
    yield from trigger_faults("", order.action, order, market_price)
    if isinstance(order, PlaceOCO):
        yield from _terms_faults("other.", order.other, contract.tick_size)
        yield from trigger_faults("other.", order.other.action, order.other, market_price)
    if isinstance(order, PlaceOSO):
        for name, bracket in (("bracket1.", order.bracket1), ("bracket2.", order.bracket2)):
            if bracket is not None:
                yield from _terms_faults(name, bracket, contract.tick_size)


def strategy_faults(
    strategy: StartOrderStrategy,
    contract: TradedContract | None,
    *,
    market_price: Decimal | None = None,
    now: datetime,
) -> Iterator[Fault]:
    """Everything wrong with the start of a strategy, as in `order_faults`."""
    if contract is None:
        yield Fault("symbol", "not_found", "names no contract")
        return
    yield from expiry_faults(contract, now=now)
    entry = strategy.params.entry_version
    yield from _terms_faults("params.entryVersion.", entry, contract.tick_size)
    yield from trigger_faults("params.entryVersion.", strategy.action, entry, market_price)
    for position, bracket in enumerate(strategy.params.brackets):
        path = f"params.brackets[{position}]"
        yield from grid_faults(f"{path}.profitTarget", bracket.profit_target, contract.tick_size)
        yield from grid_faults(f"{path}.stopLoss", bracket.stop_loss, contract.tick_size)


def change_faults(
    change: ModifyOrder, contract: TradedContract, *, action: str, market_price: Decimal | None = None
) -> Iterator[Fault]:
    """Everything wrong with the new terms of an order; `action` is the order's."""
    yield from _terms_faults("", change, contract.tick_size)
    yield from trigger_faults("", action, change, market_price)


def expiry_faults(contract: TradedContract, *, now: datetime) -> Iterator[Fault]:
    """Say so if a contract cannot be traded any more."""
    if contract.expires_at is not None and contract.expires_at <= now:
        text = f"must not have expired; {contract.name} expired on {contract.expires_at:%Y-%m-%d}"
        yield Fault("symbol", "in_the_past", text)


def grid_faults(path: str, points: Decimal | None, tick_size: Decimal | None) -> Iterator[Fault]:
    """Say so if a price or distance is no whole number of ticks."""
    if points is None or tick_size is None or tick_size <= 0 or points % tick_size == 0:
        return
    yield Fault(path, "out_of_range", f"must be a multiple of the contract's tick, {tick_size.normalize():f}")


def trigger_faults(path: str, action: str, terms: Terms, market_price: Decimal | None) -> Iterator[Fault]:
    """Say so if an order that waits for the market would go off at once: a Sell stop must lie below it and a Buy stop
    above; what is triggered by a touch (MIT, LimitIfTouched) the other way round."""
    if market_price is None:
        return
    if terms.order_type in STOPS and terms.stop_price is not None:
        yield from side_faults(f"{path}stopPrice", action, terms.stop_price, market_price, of=MARKET)
    if terms.order_type == "MIT" and terms.price is not None:
        yield from side_faults(f"{path}price", opposite(action), terms.price, market_price, of=MARKET)
    if terms.order_type == "LimitIfTouched" and terms.limit_if_touched_price is not None:
        touched = terms.limit_if_touched_price
        yield from side_faults(f"{path}limitIfTouchedPrice", opposite(action), touched, market_price, of=MARKET)


def _terms_faults(path: str, terms: Terms, tick_size: Decimal | None) -> Iterator[Fault]:
    """What of an order's prices lies off the tick grid."""
    prices = {
        "price": terms.price,
        "stopPrice": terms.stop_price,
        "limitIfTouchedPrice": terms.limit_if_touched_price,
        "pegDifference": terms.peg_difference,
    }
    for name, points in prices.items():
        yield from grid_faults(f"{path}{name}", points, tick_size)
