"""Lists of positions, orders and fills. Orders and fills grow without end: pages by key, no count."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from risk.orders.order_page import order_page, strategy_trees
from risk.orders.shown import StepShown, shown
from risk.orders.words import state_badge
from vendor_admin.listing.lists import Badge, Column, Filter, Marked
from vendor_admin.mirrors.admin.mirror_admin import (
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
    own_time_column,
)
from vendor_admin.mirrors.models import Fill, FillFee, FillPair, Order, OrderStrategy, OrderStrategyLink, Position
from vendor_admin.mirrors.queries.lookups import attach_names, attach_versions
from vendor_admin.mirrors.queries.positions import open_positions, other_positions
from vendor_admin.mirrors.rules.fills import filled_by

_MOST_FILLS = 1_000
RENEWED_EVERY_SECONDS = 10
"""Lists of what is traded are read while it happens."""
ORDER_ID = Filter("order", "Order id", kind="number", lookup="order_id")


def order_column() -> Column:
    """The order's id, linked to its page."""
    return Column("Order", lambda row: row.order_id, link=lambda row: object_url(Order, row.order_id, row.environment))


def _side(row: Order | Fill | OrderStrategy) -> object:
    return row.action


def _open(rows: Any, value: str) -> Any:
    return open_positions(rows) if value == "open" else other_positions(rows)


def _position_state(row: Any) -> Badge:
    if row.is_open:
        return Badge("open", "good")
    return Badge("deleted" if row.deleted_at else "older" if row.net_pos else "flat")


def _unless_taken_back(name: str) -> Any:
    """A value of a fill, struck through where the fill was taken back."""
    return lambda row: Marked(getattr(row, name)) if row.is_taken_back else getattr(row, name)


@admin.register(Position)
class PositionAdmin(MirrorAdmin):
    renews_every_seconds = RENEWED_EVERY_SECONDS
    columns = (
        Column("Position", lambda row: row.entity_id, is_identifier=True),
        account_column(),
        contract_column(),
        Column("Net", lambda row: row.net_pos),
        Column(
            "State",
            _position_state,
            hint="Of an account's positions in one contract only the newest counts: “older” ones may still show a "
            "quantity.",
        ),
        field_column("net_price", "At"),
        field_column("bought"),
        field_column("sold"),
        field_column("trade_date"),
        own_time_column("Changed"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    filters = (
        Filter("net", "Position", choices=[("open", "open"), ("flat", "flat or older")], apply=_open),
        ENVIRONMENT,
        ACCOUNT_ID,
        PLATFORM_ID,
    )
    intro = (
        "Net positions by account, contract and trade date; the newest counts. Open profit or loss needs market "
        "prices, which are not mirrored."
    )

    def join(self, rows: list[Any], *, organization_id: int) -> None:
        attach_names(rows, organization_id=organization_id)
        of_page = Position.objects.filter(organization_id=organization_id, pk__in=[row.pk for row in rows])
        still_open = set(open_positions(of_page).values_list("pk", flat=True))
        for row in rows:
            row.is_open = row.pk in still_open


@admin.register(Order)
class OrderAdmin(MirrorAdmin):
    renews_every_seconds = RENEWED_EVERY_SECONDS
    object_template = "admin/risk/order.html"
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
            lambda row: state_badge(row.ord_status),
        ),
        own_time_column(),
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

    def join(self, rows: list[Order], *, organization_id: int) -> None:
        attach_names(rows, organization_id=organization_id)
        attach_versions(rows, organization_id=organization_id)

    def title_of(self, row: Order) -> str:
        contract = row.contract or row.contract_id or ""  # type: ignore[attr-defined]
        return f"{row.action or 'Order'} {contract}, order {row.entity_id}"

    def object_context(self, request: HttpRequest, row: Order) -> dict[str, object]:
        page = order_page(row)
        steps = [StepShown(step) for step in page.steps]
        context = super().object_context(request, row)
        return {**context, "refusal": page.refusal, "trees": shown(page.trees), "steps": steps}

    def facts(self, request: HttpRequest, row: Order) -> list[tuple[str, object, str | None]]:
        own = {"organization_id": row.organization_id, "environment": row.environment}
        fills = Fill.objects.filter(**own, order_id=row.entity_id, deleted_at__isnull=True).order_by("entity_id")
        filled = filled_by(fills[:_MOST_FILLS])
        return [*super().facts(request, row), ("Filled, by its fills", str(filled), None)]


@admin.register(Fill)
class FillAdmin(MirrorAdmin):
    renews_every_seconds = RENEWED_EVERY_SECONDS
    shows_count = False
    columns = (
        Column("Fill", lambda row: row.entity_id, is_identifier=True),
        account_column(),
        contract_column(),
        Column("Side", _side),
        Column("Quantity", _unless_taken_back("qty")),
        Column("Price", _unless_taken_back("price")),
        Column(
            "State",
            lambda row: Badge("taken back", "bad") if row.is_taken_back else None,
            hint="A fill that was taken back is not counted.",
        ),
        order_column(),
        field_column("trade_date"),
        own_time_column(),
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
    renews_every_seconds = RENEWED_EVERY_SECONDS
    object_template = "admin/risk/order.html"
    shows_count = False
    columns = (
        Column("Strategy", lambda row: row.entity_id, is_identifier=True),
        account_column(),
        contract_column(),
        Column("Side", _side),
        Column("Status", lambda row: state_badge(row.status)),
        field_column("failure_message", "Why it failed"),
        own_time_column(),
        ENVIRONMENT_COLUMN,
    )
    filters = (ENVIRONMENT, ACCOUNT_ID, PLATFORM_ID)

    def object_context(self, request: HttpRequest, row: OrderStrategy) -> dict[str, object]:
        return {**super().object_context(request, row), "trees": shown(strategy_trees(row)), "steps": None}


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
