"""Lists of what was asked of the exchange and what it answered."""

from django.contrib import admin

from risk.orders.admin import ORDER_ID, RENEWED_EVERY_SECONDS, order_column
from risk.orders.words import state_badge
from vendor_admin.listing.lists import Column, Filter
from vendor_admin.mirrors.admin.mirror_admin import (
    ACCOUNT_ID,
    ENVIRONMENT,
    ENVIRONMENT_COLUMN,
    PLATFORM_ID,
    MirrorAdmin,
    account_column,
    contract_column,
    field_column,
    object_url,
    own_time_column,
)
from vendor_admin.mirrors.models import Command, CommandReport, ExecutionReport, OrderVersion

COMMAND_ID = Filter("command", "Command id", kind="number", lookup="command_id")


def _command_column() -> Column:
    return Column(
        "Command", lambda row: row.command_id, link=lambda row: object_url(Command, row.command_id, row.environment)
    )


class GrowingAdmin(MirrorAdmin):
    """Mirrors that grow with every order: no count."""

    renews_every_seconds = RENEWED_EVERY_SECONDS
    shows_count = False


@admin.register(OrderVersion)
class OrderVersionAdmin(GrowingAdmin):
    columns = (
        Column("Version", lambda row: row.entity_id, is_identifier=True),
        order_column(),
        account_column(),
        field_column("order_qty", "Quantity"),
        field_column("order_type", "Type"),
        field_column("price"),
        field_column("stop_price", "Stop"),
        field_column("time_in_force"),
        field_column("text"),
        ENVIRONMENT_COLUMN,
    )
    filters = (ENVIRONMENT, ACCOUNT_ID, ORDER_ID, PLATFORM_ID)


@admin.register(Command)
class CommandAdmin(GrowingAdmin):
    columns = (
        Column("Command", lambda row: row.entity_id, is_identifier=True),
        order_column(),
        account_column(),
        field_column("command_type", "Asked for"),
        Column("Status", lambda row: state_badge(row.command_status)),
        field_column("is_automated", "Automated"),
        own_time_column(),
        ENVIRONMENT_COLUMN,
    )
    filters = (ENVIRONMENT, ACCOUNT_ID, ORDER_ID, PLATFORM_ID)


@admin.register(CommandReport)
class CommandReportAdmin(GrowingAdmin):
    columns = (
        Column("Report", lambda row: row.entity_id, is_identifier=True),
        _command_column(),
        account_column(),
        Column("Status", lambda row: state_badge(row.command_status)),
        field_column("reject_reason"),
        field_column("text"),
        own_time_column(),
        ENVIRONMENT_COLUMN,
    )
    filters = (ENVIRONMENT, ACCOUNT_ID, COMMAND_ID, PLATFORM_ID)


def _last_fill(row: ExecutionReport) -> str | None:
    return f"{row.last_qty} at {row.last_px}" if row.last_qty is not None else None


@admin.register(ExecutionReport)
class ExecutionReportAdmin(GrowingAdmin):
    columns = (
        Column("Report", lambda row: row.entity_id, is_identifier=True),
        order_column(),
        account_column(),
        contract_column(),
        field_column("action", "Side"),
        Column("Execution", lambda row: state_badge(row.exec_type)),
        field_column("ord_status", "Order status"),
        field_column("cum_qty", "Filled so far"),
        Column("Last fill", _last_fill),
        field_column("reject_reason"),
        own_time_column(),
        ENVIRONMENT_COLUMN,
    )
    filters = (ENVIRONMENT, ACCOUNT_ID, PLATFORM_ID)
