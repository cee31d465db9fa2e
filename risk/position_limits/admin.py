"""Lists of lock states, limits and risk parameters."""

from typing import Any

from django.contrib import admin

from vendor_admin.listing.lists import Column, Filter
from vendor_admin.mirrors.admin.mirror_admin import (
    ACCOUNT_ID,
    ENVIRONMENT,
    ENVIRONMENT_COLUMN,
    ID_COLUMN,
    PLATFORM_ID,
    RECEIVED_COLUMN,
    ByAccountIdAdmin,
    MirrorAdmin,
    account_column,
    admin_action_badge,
    contract_column,
    field_column,
    money_column,
    object_url,
    product_column,
    yes_or_no,
)
from vendor_admin.mirrors.models import (
    Account,
    AccountRiskStatus,
    PermissionedAccountAutoLiq,
    RiskCategory,
    UserAccountAutoLiq,
    UserAccountPositionLimit,
    UserAccountRiskParameter,
)
from vendor_admin.mirrors.queries.lookups import attach_names, load
from vendor_admin.mirrors.rules.limits_in_words import position_limit_in_words

ADMIN_ACTIONS = (
    "Normal", "LockTradingImmediately", "LiquidateOnlyModeImmediately", "LiquidateImmediately",
    "AgreedOnLiqOnlyModeByAutoLiq", "AgreedOnLiquidationByAutoLiq", "PlaceAutoLiqOnHold", "DisableAutoLiq",
)  # fmt: skip


@admin.register(AccountRiskStatus)
class RiskStatusAdmin(ByAccountIdAdmin):
    heading = "Risk status"
    columns = (
        account_column(),
        Column("Admin action", admin_action_badge),
        field_column("admin_timestamp", "Since"),
        field_column("liquidate_only", "Closing only since"),
        field_column("user_triggered_liq_only", "By the trader"),
        money_column("max_net_liq", "Highest net liq"),
        money_column("min_net_liq", "Lowest net liq"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    filters = (
        *ByAccountIdAdmin.filters,
        Filter("action", "Admin action", choices=[(word, word) for word in ADMIN_ACTIONS], lookup="admin_action"),
    )
    intro = "Locks and the peak that the trailing drawdown follows."


_LIMIT_COLUMNS = (
    money_column("daily_loss_auto_liq", "Daily loss: liquidate"),
    money_column("daily_loss_liq_only", "Daily loss: close only"),
    money_column("weekly_loss_auto_liq", "Weekly loss"),
    money_column("daily_profit_auto_liq", "Daily profit"),
)


@admin.register(UserAccountAutoLiq)
class AutoLiqAdmin(ByAccountIdAdmin):
    heading = "Limits"
    columns = (
        account_column(),
        *_LIMIT_COLUMNS,
        money_column("trailing_max_drawdown", "Trailing drawdown"),
        money_column("trailing_max_drawdown_limit", "Stops at"),
        field_column("trailing_max_drawdown_mode", "Mode"),
        field_column("changes_locked"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    filters = (*ByAccountIdAdmin.filters, yes_or_no("changes_locked", "Changes locked"))
    intro = "Limits that your organization set. An empty cell means: no such limit."


@admin.register(PermissionedAccountAutoLiq)
class TraderLimitsAdmin(ByAccountIdAdmin):
    heading = "Limits of traders"
    columns = (
        account_column(),
        *_LIMIT_COLUMNS,
        field_column("changes_locked"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    intro = "Limits that traders set for themselves. They may only be tighter than yours."


@admin.register(UserAccountPositionLimit)
class PositionLimitAdmin(MirrorAdmin):
    heading = "Position limits"
    columns = (
        Column("Limit", lambda row: row.entity_id, is_identifier=True),
        account_column(),
        Column("What", position_limit_in_words),
        product_column(),
        contract_column(),
        field_column("active"),
        field_column("description"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    filters = (ENVIRONMENT, ACCOUNT_ID, yes_or_no("active", "Active"), PLATFORM_ID)


@admin.register(UserAccountRiskParameter)
class RiskParameterAdmin(MirrorAdmin):
    columns = (
        Column("Parameter", lambda row: row.entity_id, is_identifier=True),
        account_column(),
        Column(
            "Position limit",
            lambda row: row.user_account_position_limit_id,
            link=lambda row: object_url(UserAccountPositionLimit, row.user_account_position_limit_id, row.environment),
        ),
        product_column(),
        field_column("max_opening_order_qty", "Largest opening order"),
        field_column("max_closing_order_qty", "Largest closing order"),
        field_column("margin_percentage", "Margin %"),
        field_column("margin_dollar_value", "Margin $"),
        field_column("hard_limit"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    filters = (
        ENVIRONMENT,
        Filter("limit", "Position limit id", kind="number", lookup="user_account_position_limit_id"),
        PLATFORM_ID,
    )

    def join(self, rows: list[Any], *, organization_id: int) -> None:
        """Beside the names: the position limit that a parameter belongs to, and the account of that."""
        attach_names(rows, organization_id=organization_id)
        ids = (row.user_account_position_limit_id for row in rows)
        limits = load(UserAccountPositionLimit, organization_id=organization_id, ids=ids)
        for row in rows:
            row.position_limit = limits.get(row.user_account_position_limit_id, row.environment)
            row.account_id = row.position_limit.account_id if row.position_limit else None
        accounts = load(Account, organization_id=organization_id, ids=(row.account_id for row in rows))
        for row in rows:
            row.account = accounts.get(row.account_id, row.environment)


@admin.register(RiskCategory)
class RiskCategoryAdmin(MirrorAdmin):
    columns = (field_column("name"), ID_COLUMN, ENVIRONMENT_COLUMN, RECEIVED_COLUMN)
