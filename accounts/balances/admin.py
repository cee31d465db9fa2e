"""Lists of balances, their changes, and margin."""

from django.contrib import admin

from vendor_admin.code_words import in_words
from vendor_admin.listing.lists import Column
from vendor_admin.mirrors.admin.mirror_admin import (
    ACCOUNT_ID,
    ENVIRONMENT,
    ENVIRONMENT_COLUMN,
    PLATFORM_ID,
    RECEIVED_COLUMN,
    ByAccountIdAdmin,
    MirrorAdmin,
    account_column,
    field_column,
    money_column,
    own_time_column,
)
from vendor_admin.mirrors.models import CashBalance, CashBalanceLog, MarginSnapshot

CURRENCY_COLUMN = Column("Currency", lambda row: str(row.currency) if row.currency else row.currency_id)


@admin.register(CashBalance)
class CashBalanceAdmin(MirrorAdmin):
    heading = "Balances"
    columns = (
        Column("Balance", lambda row: row.entity_id, is_identifier=True),
        account_column(),
        money_column("amount"),
        CURRENCY_COLUMN,
        money_column("realized_pnl", "Realized today"),
        money_column("week_realized_pnl", "Realized this week"),
        money_column("amount_sod", "At start of day"),
        field_column("trade_date"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    filters = (ENVIRONMENT, ACCOUNT_ID, PLATFORM_ID)


@admin.register(CashBalanceLog)
class CashBalanceLogAdmin(MirrorAdmin):
    shows_count = False
    columns = (
        Column("Change", lambda row: row.entity_id, is_identifier=True),
        account_column(),
        Column("Kind", lambda row: in_words(row.cash_change_type or "")),
        money_column("delta"),
        money_column("amount", "Amount after"),
        CURRENCY_COLUMN,
        field_column("comment"),
        field_column("trade_date"),
        own_time_column(),
        ENVIRONMENT_COLUMN,
    )
    filters = (ENVIRONMENT, ACCOUNT_ID, PLATFORM_ID)


@admin.register(MarginSnapshot)
class MarginSnapshotAdmin(ByAccountIdAdmin):
    columns = (
        account_column(),
        money_column("initial_margin"),
        money_column("maintenance_margin"),
        money_column("total_used_margin", "Used margin"),
        money_column("position_margin"),
        money_column("auto_liq_level"),
        money_column("liq_only_level"),
        own_time_column(),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
