"""Lists of what liquidations did, and of how risk statuses changed. Both grow without end: pages by key, no count."""

from django.contrib import admin

from vendor_admin.listing.lists import Column
from vendor_admin.mirrors.admin.mirror_admin import (
    ACCOUNT_ID,
    ENVIRONMENT,
    ENVIRONMENT_COLUMN,
    PLATFORM_ID,
    MirrorAdmin,
    account_column,
    admin_action_badge,
    contract_column,
    field_column,
    money_column,
    own_time_column,
)
from vendor_admin.mirrors.models import AccountRiskStatusLog, AutoLiqTransaction
from vendor_admin.mirrors.rules.liquidations import cancelled_in_words, closed_in_words


@admin.register(AutoLiqTransaction)
class AutoLiqTransactionAdmin(MirrorAdmin):
    shows_count = False
    columns = (
        Column("Liquidation", lambda row: row.entity_id, is_identifier=True),
        account_column(),
        contract_column(),
        Column("Closed", closed_in_words),
        Column("Cancelled", cancelled_in_words, hint="Contracts of working orders, by side and type."),
        Column("Admin action", admin_action_badge),
        field_column("initiator", "By settings of"),
        own_time_column(),
        ENVIRONMENT_COLUMN,
    )
    filters = (ENVIRONMENT, ACCOUNT_ID, PLATFORM_ID)
    intro = "What each liquidation closed and cancelled, newest first. The platform does not say which limit acted."
    empty = "No liquidations yet."


@admin.register(AccountRiskStatusLog)
class RiskStatusLogAdmin(MirrorAdmin):
    heading = "Risk status history"
    shows_count = False
    columns = (
        Column("Change", lambda row: row.entity_id, is_identifier=True),
        account_column(),
        Column("Admin action", admin_action_badge),
        field_column("admin_timestamp", "Action since"),
        field_column("liquidate_only", "Closing only since"),
        field_column("user_triggered_liq_only", "By the trader"),
        money_column("max_net_liq", "Highest net liq"),
        money_column("min_net_liq", "Lowest net liq"),
        own_time_column(),
        ENVIRONMENT_COLUMN,
    )
    filters = (ENVIRONMENT, ACCOUNT_ID, PLATFORM_ID)
    intro = "How the risk status of accounts stood after each change, newest first."
    empty = "No changes yet."
