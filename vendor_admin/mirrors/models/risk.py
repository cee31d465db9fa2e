"""Risk settings and risk state of accounts."""

from django.db import models

from vendor_admin.mirrors.models.base import (
    Mirror,
    Source,
    flag,
    integer,
    moment,
    number,
    platform_id,
    time_of_day,
    word,
)


class AccountRiskStatus(Mirror):
    """Lock state and net liquidation peak of an account; its id is the account's."""

    entity_type = "accountRiskStatus"
    source = Source.SNAPSHOT
    id_is_account_id = True

    admin_action = word()
    admin_timestamp = moment()
    liquidate_only = moment()
    user_triggered_liq_only = flag()
    max_net_liq = number()
    min_net_liq = number()

    class Meta(Mirror.Meta):
        verbose_name = "account risk status"
        verbose_name_plural = "account risk statuses"


class UserAccountAutoLiq(Mirror):
    """Loss, profit and drawdown limits of an account; its id is the account's."""

    entity_type = "userAccountAutoLiq"
    source = Source.SNAPSHOT
    id_is_account_id = True

    changes_locked = flag()
    margin_percentage_alert = number()
    daily_loss_percentage_alert = number()
    daily_loss_alert = number()
    margin_percentage_liq_only = number()
    daily_loss_percentage_liq_only = number()
    daily_loss_liq_only = number()
    margin_percentage_auto_liq = number()
    daily_loss_percentage_auto_liq = number()
    daily_loss_auto_liq = number()
    weekly_loss_auto_liq = number()
    flatten_timestamp = moment()
    trailing_max_drawdown = number()
    trailing_max_drawdown_limit = number()
    trailing_max_drawdown_mode = word()
    daily_profit_auto_liq = number()
    weekly_profit_auto_liq = number()
    do_not_unlock = flag()

    class Meta(Mirror.Meta):
        verbose_name = "user account auto liq"


class PermissionedAccountAutoLiq(Mirror):
    """Limits that the trader set; its id is the account's."""

    entity_type = "permissionedAccountAutoLiq"
    source = Source.LIST
    id_is_account_id = True

    margin_percentage_alert = number()
    daily_loss_percentage_alert = number()
    daily_loss_alert = number()
    margin_percentage_liq_only = number()
    daily_loss_percentage_liq_only = number()
    daily_loss_liq_only = number()
    margin_percentage_auto_liq = number()
    daily_loss_percentage_auto_liq = number()
    daily_loss_auto_liq = number()
    weekly_loss_auto_liq = number()
    daily_profit_auto_liq = number()
    weekly_profit_auto_liq = number()
    changes_locked = flag()

    class Meta(Mirror.Meta):
        verbose_name = "permissioned account auto liq"


class AboutProducts(Mirror):
    """What a limit is about; all of these that are empty leave it open."""

    contract_id = platform_id()
    product_id = platform_id()
    exchange_id = platform_id()
    product_type = word()
    risk_discount_contract_group_id = platform_id()
    product_verification_status = word()
    contract_group_id = platform_id()
    fungible_product_id = platform_id()

    class Meta(Mirror.Meta):
        abstract = True


class HoldingLimit(AboutProducts):
    """How many contracts may be held."""

    active = flag()
    risk_time_period_id = platform_id()
    total_by = word()
    short_limit = integer()
    long_limit = integer()
    exposed_limit = integer()
    fungible_exposed_limit = integer()
    description = word()

    class Meta(Mirror.Meta):
        abstract = True


class OrderParameter(AboutProducts):
    """Sizes of orders, and margins."""

    max_opening_order_qty = integer()
    max_closing_order_qty = integer()
    fungible_max_opening_order_qty = integer()
    fungible_max_closing_order_qty = integer()
    max_back_month = integer()
    pre_expiration_days = integer()
    margin_percentage = number()
    margin_dollar_value = number()
    hard_limit = flag()

    class Meta(Mirror.Meta):
        abstract = True


class UserAccountPositionLimit(HoldingLimit):
    """A position limit of an account."""

    entity_type = "userAccountPositionLimit"
    source = Source.LDEPS
    master = "account"
    master_column = "account_id"
    absence_means_vanished = True

    account_id = platform_id()

    class Meta(Mirror.Meta):
        verbose_name = "user account position limit"
        indexes = [
            models.Index(fields=["organization", "account_id", "entity_id"], name="useraccountpositionlim_account"),
        ]


class UserAccountRiskParameter(OrderParameter):
    """Order size and margin parameters below a position limit."""

    entity_type = "userAccountRiskParameter"
    source = Source.LDEPS
    master = "userAccountPositionLimit"
    master_column = "user_account_position_limit_id"
    absence_means_vanished = True

    user_account_position_limit_id = platform_id()

    class Meta(Mirror.Meta):
        verbose_name = "user account risk parameter"
        indexes = [
            models.Index(
                fields=["organization", "user_account_position_limit_id", "entity_id"],
                name="useraccountriskparamet_user_ac",
            ),
        ]


class RiskCategory(Mirror):
    """A set of limits made by the platform's staff."""

    entity_type = "riskCategory"
    source = Source.LIST
    absence_means_vanished = True

    name = word()

    class Meta(Mirror.Meta):
        verbose_name = "risk category"
        verbose_name_plural = "risk categories"

    def __str__(self) -> str:
        return self.name or super().__str__()


class CategoryPositionLimit(HoldingLimit):
    """A position limit of all accounts in a risk category."""

    entity_type = "categoryPositionLimit"
    source = Source.CHOSEN
    master = "riskCategory"
    master_column = "risk_category_id"
    absence_means_vanished = True

    risk_category_id = platform_id()

    class Meta(Mirror.Meta):
        verbose_name = "category position limit"
        indexes = [
            models.Index(
                fields=["organization", "risk_category_id", "entity_id"], name="categorypositionlimit_category"
            ),
        ]


class CategoryRiskParameter(OrderParameter):
    """Order size and margin parameters below a category's position limit."""

    entity_type = "categoryRiskParameter"
    source = Source.CHOSEN
    master = "categoryPositionLimit"
    master_column = "category_position_limit_id"
    absence_means_vanished = True

    category_position_limit_id = platform_id()

    class Meta(Mirror.Meta):
        verbose_name = "category risk parameter"
        indexes = [
            models.Index(
                fields=["organization", "category_position_limit_id", "entity_id"], name="categoryriskparameter_limit"
            ),
        ]


class RiskTimePeriod(Mirror):
    """The part of a day, in Central Time, in which limits allow positions."""

    entity_type = "riskTimePeriod"
    source = Source.LIST
    absence_means_vanished = True

    name = word()
    start_time = time_of_day()
    stop_time = time_of_day()
    platform_organization_id = platform_id()

    class Meta(Mirror.Meta):
        verbose_name = "risk period"

    def __str__(self) -> str:
        return self.name or super().__str__()


class AccountRiskStatusLog(Mirror):
    """How an account's risk status stood after a change."""

    entity_type = "accountRiskStatusLog"
    source = Source.CHOSEN
    master = "account"

    account_id = platform_id()
    timestamp = moment()
    admin_action = word()
    admin_timestamp = moment()
    liquidate_only = moment()
    user_triggered_liq_only = flag()
    max_net_liq = number()
    min_net_liq = number()

    class Meta(Mirror.Meta):
        verbose_name = "risk status change"
        indexes = [
            models.Index(fields=["organization", "account_id", "entity_id"], name="accountriskstatuslog_account"),
        ]


class AutoLiqTransaction(Mirror):
    """What one liquidation closed and cancelled of an account in one contract. It does not say which limit acted."""

    entity_type = "autoLiqTransaction"
    source = Source.LIST

    account_id = platform_id()
    contract_id = platform_id()
    timestamp = moment()
    liquidated_net_pos = integer()
    cancelled_sell_limit_qty = integer()
    cancelled_sell_stop_qty = integer()
    cancelled_buy_limit_qty = integer()
    cancelled_buy_stop_qty = integer()
    initiator = word()
    admin_action = word()

    class Meta(Mirror.Meta):
        verbose_name = "auto-liquidation"
        indexes = [
            models.Index(fields=["organization", "account_id", "entity_id"], name="autoliqtransaction_account"),
        ]
