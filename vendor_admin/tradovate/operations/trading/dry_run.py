"""Asking what the platform would say to orders, without placing them.

Source: the OpenAPI file, dryRun: up to four orders in a call, 500 calls an hour.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from msgspec import Meta

from vendor_admin.tradovate.catalogue.fields import Count, Id
from vendor_admin.tradovate.catalogue.operation import BOTH, Operation
from vendor_admin.tradovate.catalogue.order_answers import DryRunAnswer
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.catalogue.write import Write
from vendor_admin.tradovate.errors import Fault
from vendor_admin.tradovate.operations.trading.terms import Action, OrderType, Price, Quantity, price_faults

MOST_ORDERS = 4


class DryRunOrder(Request, frozen=True, kw_only=True):
    contract_id: Id
    action: Action
    order_qty: Quantity
    order_type: OrderType
    price: Price | None = None
    stop_price: Price | None = None

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        yield from price_faults(self.order_type, {"price": self.price, "stopPrice": self.stop_price})


class UnpublishedMap(Request, frozen=True, kw_only=True):
    """A map of which no document says what it holds: only an empty one can be sent."""


class ExtraPreTradeRisk(Request, frozen=True, kw_only=True):
    """Limits to be assumed beside the account's own."""

    max_exposed_total: Count | None = None
    max_traded_volume_total: Count | None = None
    products: UnpublishedMap
    contracts: UnpublishedMap


class DryRun(Request, frozen=True, kw_only=True):
    """Orders that are taken for placed one after the other."""

    account_id: Id
    orders: Annotated[tuple[DryRunOrder, ...], Meta(min_length=1, description="at least one order")]
    extra_pre_trade_risk: ExtraPreTradeRisk | None = None

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        if len(self.orders) > MOST_ORDERS:
            yield Fault("orders", "too_many", f"may hold at most {MOST_ORDERS} in one call; it has {len(self.orders)}")


DRY_RUN = Write(
    operation=Operation(
        path="order/dryrun",
        method="POST",
        environments=BOTH,
        harmless_to_repeat=True,
        hourly_limit=500,
        back_off_seconds=1.0,
    ),
    request=DryRun,
    answer=DryRunAnswer,
    settling=None,
    cautions=("It places nothing, and holds for this moment alone.",),
)
