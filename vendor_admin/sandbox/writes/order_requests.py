"""The bodies of the writes about orders, strategies and contracts as the platform describes them: no rules.

Words of order types, actions and times in force are checked as a rule: documents name more of them than the
platform's OpenAPI file.
"""

import datetime as dt
from typing import Any

from vendor_admin.sandbox.writes.bodies import Request


class VersionFields(Request, kw_only=True):
    """What an order asks for, without its quantity."""

    action: str
    order_type: str
    cl_ord_id: str | None = None
    price: float | None = None
    stop_price: float | None = None
    limit_if_touched_price: float | None = None
    max_show: int | None = None
    peg_difference: float | None = None
    time_in_force: str | None = None
    expire_time: dt.datetime | None = None
    text: str | None = None


class RestrainedOrderVersion(VersionFields, kw_only=True):
    """An order that comes with another one, whose quantity it has."""


class PlaceOrder(VersionFields, kw_only=True):
    """One order."""

    account_spec: str | None = None
    account_id: int | None = None
    symbol: str
    order_qty: int
    activation_time: dt.datetime | None = None
    custom_tag50: str | None = None
    is_automated: bool | None = None


class PlaceOCO(PlaceOrder, kw_only=True):
    """Two orders, of which one cancels the other."""

    other: RestrainedOrderVersion


class PlaceOSO(PlaceOrder, kw_only=True):
    """An order that sends one or two more when it is filled."""

    bracket1: RestrainedOrderVersion
    bracket2: RestrainedOrderVersion | None = None


class ModifyOrder(Request, kw_only=True):
    """What an order asks for from now on; a field left out is no such price."""

    order_id: int
    cl_ord_id: str | None = None
    order_qty: int
    order_type: str
    price: float | None = None
    stop_price: float | None = None
    limit_if_touched_price: float | None = None
    max_show: int | None = None
    peg_difference: float | None = None
    time_in_force: str | None = None
    expire_time: dt.datetime | None = None
    text: str | None = None
    activation_time: dt.datetime | None = None
    custom_tag50: str | None = None
    is_automated: bool | None = None


class CancelOrder(Request, kw_only=True):
    """Which order to end."""

    order_id: int
    cl_ord_id: str | None = None
    activation_time: dt.datetime | None = None
    custom_tag50: str | None = None
    is_automated: bool | None = None


class LiquidatePosition(Request, kw_only=True):
    """What to close, as a trader or as an administrator."""

    account_id: int
    contract_id: int
    admin: bool
    custom_tag50: str | None = None
    is_automated: bool | None = None


class LiquidatePositions(Request, kw_only=True):
    """Which positions to close."""

    positions: list[int]
    admin: bool
    custom_tag50: str | None = None
    is_automated: bool | None = None


class DryRunOrder(Request, kw_only=True):
    """An order to be looked at."""

    contract_id: int
    action: str
    order_qty: int
    order_type: str
    price: float | None = None
    stop_price: float | None = None


class ExtraPreTradeRisk(Request, kw_only=True):
    """Limits on top of the account's own; no document describes the values of the two maps."""

    max_exposed_total: int | None = None
    max_traded_volume_total: int | None = None
    products: dict[str, Any]  # Any: not described
    contracts: dict[str, Any]  # Any: not described


class DryRun(Request, kw_only=True):
    """Up to four orders to be looked at and not placed."""

    account_id: int
    orders: list[DryRunOrder]
    extra_pre_trade_risk: ExtraPreTradeRisk | None = None


class StartOrderStrategy(Request, kw_only=True):
    """A strategy to be started; `params` is JSON in a string."""

    account_id: int | None = None
    account_spec: str | None = None
    symbol: str
    order_strategy_type_id: int
    action: str
    params: str | None = None
    uuid: str | None = None
    custom_tag50: str | None = None
    is_automated: bool | None = None


class ModifyOrderStrategy(Request, kw_only=True):
    """A change of a strategy. No document has the grammar of `command`."""

    order_strategy_id: int
    command: str
    custom_tag50: str | None = None


class InterruptOrderStrategy(Request, kw_only=True):
    """Which strategy to stop."""

    order_strategy_id: int


class RollContractBase(Request, kw_only=True):
    """A contract whose neighbour is asked for."""

    name: str
    forward: bool
    if_expired: bool | None = None


class RollContract(RollContractBase, kw_only=True):
    """One contract to be rolled."""


class RollContracts(Request, kw_only=True):
    """Several contracts to be rolled."""

    roll_contracts: list[RollContractBase]


class GetProductFeeParams(Request, kw_only=True):
    """Products whose fees and margins are asked for."""

    product_ids: list[int]
