"""The answers to writes, as typed objects. Unknown fields are ignored, and no field is required that may be left out.

What the platform says went wrong is read before this (see vendor_admin.tradovate.answers). Entities inside an answer
stay as they were sent.
"""

from decimal import Decimal
from typing import Any, Self

import msgspec

Entity = dict[str, Any]  # as the platform sent it


class Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the platform answers to one kind of write."""

    @classmethod
    def read(cls, body: object) -> Self | None:
        """Read a decoded body; None if it has another shape."""
        try:
            return msgspec.convert(body, cls)
        except msgspec.ValidationError:
            return None

    @classmethod
    def is_said_by(cls, body: object) -> bool:
        """Whether a decoded body has this shape and says at least one thing that such an answer is about.

        Nearly every field may be left out, so an empty object has the shape too; and no complaint is no success.
        """
        answer = cls.read(body)
        if answer is None:
            return False
        said = (getattr(answer, name) for name in cls.__struct_fields__ if name != "error_text")
        return any(value not in (None, "", {}) for value in said)


class CreatedUser(Answer, frozen=True, kw_only=True):
    error_text: str | None = None
    user_id: int | None = None


class CreateEvaluationUsersAnswer(Answer, frozen=True, kw_only=True):
    results: list[CreatedUser]
    error_text: str | None = None


class CreatedAccount(Answer, frozen=True, kw_only=True):
    error_text: str | None = None
    account_id: int | None = None
    trading_permission_id: int | None = None


class CreateEvaluationAccountsAnswer(Answer, frozen=True, kw_only=True):
    results: list[CreatedAccount]
    error_text: str | None = None


class UpdateContactInfoAnswer(Answer, frozen=True, kw_only=True):
    error_text: str | None = None
    contact_info: Entity | None = None


class AccessTokenAnswer(Answer, frozen=True, kw_only=True):
    """Holds a token: never store or show it."""

    error_text: str | None = None
    access_token: str | None = None
    user_status: str | None = None
    user_id: int | None = None
    name: str | None = None

    def __repr__(self) -> str:
        return f"AccessTokenAnswer(user_id={self.user_id!r})"


class UserStatusAnswer(Answer, frozen=True, kw_only=True):
    error_text: str | None = None
    status: str | None = None


class TradingPermissionAnswer(Answer, frozen=True, kw_only=True):
    error_text: str | None = None
    trading_permission: Entity | None = None


class SimpleAnswer(Answer, frozen=True, kw_only=True):
    ok: bool
    error_text: str | None = None


class TradovateSubscriptionAnswer(Answer, frozen=True, kw_only=True):
    error_text: str | None = None
    error_code: str | None = None
    tradovate_subscription: Entity | None = None


class EntitlementSubscriptionAnswer(Answer, frozen=True, kw_only=True):
    error_text: str | None = None
    error_code: str | None = None
    entitlement_subscription: Entity | None = None


class MarketDataSubscriptionAnswer(Answer, frozen=True, kw_only=True):
    error_text: str | None = None
    error_code: str | None = None
    market_data_subscription: Entity | None = None


class UndocumentedAnswer(Answer, frozen=True, kw_only=True):
    """For what no public source describes: any content will do."""

    @classmethod
    def is_said_by(cls, body: object) -> bool:
        return isinstance(body, dict) and bool(body)


class CancelEverythingAnswer(Answer, frozen=True, kw_only=True):
    tradovate_subscription_ids: list[int]
    user_plugin_ids: list[int]
    market_data_subscription_ids: list[int]
    trading_permission_ids: list[int]


class CashBalanceSnapshotAnswer(Answer, frozen=True, kw_only=True):
    """Amounts in the account's currency, those that end in USD in dollars; SOD is the start of the day."""

    error_text: str | None = None
    total_cash_value: Decimal | None = None
    total_pnl: Decimal | None = msgspec.field(default=None, name="totalPnL")
    initial_margin: Decimal | None = None
    maintenance_margin: Decimal | None = None
    net_liq: Decimal | None = None
    open_pnl: Decimal | None = msgspec.field(default=None, name="openPnL")
    realized_pnl: Decimal | None = msgspec.field(default=None, name="realizedPnL")
    week_realized_pnl: Decimal | None = msgspec.field(default=None, name="weekRealizedPnL")
    withdrawal_reject_reason: str | None = None
    currency_cash_avail_withdrawal_usd: Decimal | None = msgspec.field(
        default=None, name="currencyCashAvailWithdrawalUSD"
    )
    net_liq_sod: Decimal | None = msgspec.field(default=None, name="netLiqSOD")
    total_cash_value_sod: Decimal | None = msgspec.field(default=None, name="totalCashValueSOD")
    cash_usd: Decimal | None = msgspec.field(default=None, name="cashUSD")
    cash_sod_usd: Decimal | None = msgspec.field(default=None, name="cashSODUSD")
    full_initial_margin: Decimal | None = None
    full_initial_margin_sod: Decimal | None = msgspec.field(default=None, name="fullInitialMarginSOD")
    auto_liq_level: Decimal | None = None


class AccountRiskStatusAnswer(Answer, frozen=True, kw_only=True):
    error_text: str | None = None
    account_risk_status: Entity | None = None


class UserAccountAutoLiqAnswer(Answer, frozen=True, kw_only=True):
    """The answer is the entity itself."""

    id: int | None = None
    changes_locked: bool | None = None
    margin_percentage_alert: Decimal | None = None
    daily_loss_percentage_alert: Decimal | None = None
    daily_loss_alert: Decimal | None = None
    margin_percentage_liq_only: Decimal | None = None
    daily_loss_percentage_liq_only: Decimal | None = None
    daily_loss_liq_only: Decimal | None = None
    margin_percentage_auto_liq: Decimal | None = None
    daily_loss_percentage_auto_liq: Decimal | None = None
    daily_loss_auto_liq: Decimal | None = None
    weekly_loss_auto_liq: Decimal | None = None
    flatten_timestamp: str | None = None
    trailing_max_drawdown: Decimal | None = None
    trailing_max_drawdown_limit: Decimal | None = None
    trailing_max_drawdown_mode: str | None = None
    daily_profit_auto_liq: Decimal | None = None
    weekly_profit_auto_liq: Decimal | None = None
    do_not_unlock: bool | None = None


class UpdateUserAutoLiqAnswer(Answer, frozen=True, kw_only=True):
    error_text: str | None = None
    user_account_auto_liq: Entity | None = None
    permissioned_account_auto_liq: Entity | None = None


class UpdatedUserAutoLiq(Answer, frozen=True, kw_only=True):
    user_account_auto_liq: Entity | None = None
    permissioned_account_auto_liq: Entity | None = None


class UpdateUserAutoLiqsAnswer(Answer, frozen=True, kw_only=True):
    user_auto_liqs: list[UpdatedUserAutoLiq]
    error_text: str | None = None


class UserAccountPositionLimitAnswer(Answer, frozen=True, kw_only=True):
    """The answer is the entity itself."""

    account_id: int
    total_by: str
    active: bool
    id: int | None = None
    contract_id: int | None = None
    product_id: int | None = None
    exchange_id: int | None = None
    product_type: str | None = None
    risk_discount_contract_group_id: int | None = None
    product_verification_status: str | None = None
    contract_group_id: int | None = None
    fungible_product_id: int | None = None
    risk_time_period_id: int | None = None
    short_limit: int | None = None
    long_limit: int | None = None
    exposed_limit: int | None = None
    fungible_exposed_limit: int | None = None
    description: str | None = None


class UserAccountRiskParameterAnswer(Answer, frozen=True, kw_only=True):
    """The answer is the entity itself."""

    user_account_position_limit_id: int
    id: int | None = None
    contract_id: int | None = None
    product_id: int | None = None
    exchange_id: int | None = None
    product_type: str | None = None
    risk_discount_contract_group_id: int | None = None
    product_verification_status: str | None = None
    contract_group_id: int | None = None
    fungible_product_id: int | None = None
    max_opening_order_qty: int | None = None
    max_closing_order_qty: int | None = None
    fungible_max_opening_order_qty: int | None = None
    fungible_max_closing_order_qty: int | None = None
    max_back_month: int | None = None
    pre_expiration_days: int | None = None
    margin_percentage: Decimal | None = None
    margin_dollar_value: Decimal | None = None
    hard_limit: bool | None = None


class DeleteAnswer(Answer, frozen=True, kw_only=True):
    error_text: str | None = None
    success: bool | None = None
