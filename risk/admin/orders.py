"""Lists of positions, orders and fills. Orders and fills grow without end: pages by key, no count."""

from typing import Any

from django.contrib import admin

from vendor_admin.mirrors.lists import (
    ACCOUNT_ID,
    ENVIRONMENT,
    ENVIRONMENT_COLUMN,
    PLATFORM_ID,
    RECEIVED_COLUMN,
    MirrorAdmin,
    account_column,
    contract_column,
    field_column,
    money_column,
    object_url,
)
from vendor_admin.mirrors.models import Fill, FillFee, FillPair, Order, OrderStrategy, OrderStrategyLink, Position
from vendor_admin.mirrors.names import attach_names, attach_versions
from vendor_admin.organizations.lists import Badge, Column, Filter

_ORDER_TONES = {"Filled": "good", "Working": "warn", "Rejected": "bad", "Canceled": "calm"}
ORDER_ID = Filter("order", "Order id", kind="number", lookup="order_id")


def order_column() -> Column:
    return Column("Order", lambda row: row.order_id, link=lambda row: object_url(Order, row.order_id, row.environment))


def _side(row: Any) -> str | None:
    return row.action


def _open(rows: Any, value: str) -> Any:
    return rows.exclude(net_pos=0) if value == "open" else rows.filter(net_pos=0)


@admin.register(Position)
class PositionAdmin(MirrorAdmin):
    columns = (
        Column("Position", lambda row: row.entity_id, is_identifier=True),
        account_column(),
        contract_column(),
        Column("Net", lambda row: row.net_pos),
        field_column("net_price", "At"),
        field_column("bought"),
        field_column("sold"),
        field_column("trade_date"),
        field_column("timestamp", "Changed"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    filters = (
        Filter("net", "Position", choices=[("open", "open"), ("flat", "flat")], apply=_open),
        ENVIRONMENT,
        ACCOUNT_ID,
        PLATFORM_ID,
    )
    intro = "Net positions by account and contract. Open profit or loss needs market prices, which are not mirrored."


@admin.register(Order)
class OrderAdmin(MirrorAdmin):
    shows_count = False
    columns = (
        Column("Order", lambda row: row.entity_id, is_identifier=True),
        account_column(),
        contract_column(),
        Column("Side", _side),
        Column("Quantity", lambda row: row.version.order_qty if row.version else None),
        Column("Type", lambda row: row.version.order_type if row.version else None),
        Column("Price", lambda row: row.version.price if row.version else None),
        Column("Stop", lambda row: row.version.stop_price if row.version else None),
        Column(
            "Status",
            lambda row: Badge(row.ord_status, _ORDER_TONES.get(row.ord_status, "calm")) if row.ord_status else None,
        ),
        field_column("timestamp", "At"),
        ENVIRONMENT_COLUMN,
    )
    filters = (
        Filter(
            "status",
            "Status",
            choices=[(word, word) for word in ("Working", "Filled", "Canceled", "Rejected", "Expired", "Suspended")],
            lookup="ord_status",
        ),
        ENVIRONMENT,
        ACCOUNT_ID,
        PLATFORM_ID,
    )
    intro = "Newest first. Quantity, type and prices are those of an order's newest version."
    empty = "No orders yet. They appear as members trade."

    def join(self, rows: list[Any], *, organization_id: int) -> None:
        attach_names(rows, organization_id=organization_id)
        attach_versions(rows, organization_id=organization_id)


@admin.register(Fill)
class FillAdmin(MirrorAdmin):
    shows_count = False
    columns = (
        Column("Fill", lambda row: row.entity_id, is_identifier=True),
        account_column(),
        contract_column(),
        Column("Side", _side),
        field_column("qty", "Quantity"),
        field_column("price"),
        order_column(),
        field_column("trade_date"),
        field_column("timestamp", "At"),
        ENVIRONMENT_COLUMN,
    )
    filters = (ENVIRONMENT, ACCOUNT_ID, ORDER_ID, PLATFORM_ID)
    intro = "Trades, newest first."
    empty = "No fills yet."


@admin.register(FillPair)
class FillPairAdmin(MirrorAdmin):
    shows_count = False
    columns = (
        Column("Pair", lambda row: row.entity_id, is_identifier=True),
        account_column(),
        field_column("position_id", "Position"),
        field_column("qty", "Quantity"),
        field_column("buy_price", "Bought at"),
        field_column("sell_price", "Sold at"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    filters = (
        ENVIRONMENT,
        ACCOUNT_ID,
        Filter("position", "Position id", kind="number", lookup="position_id"),
        PLATFORM_ID,
    )


@admin.register(FillFee)
class FillFeeAdmin(MirrorAdmin):
    shows_count = False
    columns = (
        Column("Fill", lambda row: row.entity_id, is_identifier=True),
        account_column(),
        money_column("commission"),
        money_column("clearing_fee"),
        money_column("exchange_fee"),
        money_column("nfa_fee", "NFA fee"),
        money_column("brokerage_fee"),
        money_column("order_routing_fee"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    filters = (ENVIRONMENT, ACCOUNT_ID, PLATFORM_ID)


@admin.register(OrderStrategy)
class OrderStrategyAdmin(MirrorAdmin):
    shows_count = False
    columns = (
        Column("Strategy", lambda row: row.entity_id, is_identifier=True),
        account_column(),
        contract_column(),
        Column("Side", _side),
        field_column("status"),
        field_column("failure_message"),
        field_column("timestamp", "At"),
        ENVIRONMENT_COLUMN,
    )
    filters = (ENVIRONMENT, ACCOUNT_ID, PLATFORM_ID)


@admin.register(OrderStrategyLink)
class OrderStrategyLinkAdmin(MirrorAdmin):
    shows_count = False
    columns = (
        Column("Link", lambda row: row.entity_id, is_identifier=True),
        field_column("order_strategy_id", "Strategy"),
        order_column(),
        field_column("label"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    filters = (ENVIRONMENT, Filter("strategy", "Strategy id", kind="number", lookup="order_strategy_id"), PLATFORM_ID)
