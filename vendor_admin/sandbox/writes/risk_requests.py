"""The bodies of the writes about risk as the platform describes them: types and required fields, no rules."""

import datetime as dt
from typing import Literal

from vendor_admin.sandbox.writes.bodies import Request

ProductType = Literal[
    "CommonStock", "Continuous", "Cryptocurrency", "Futures", "MarketInternals", "Options", "Spread", "Swap"
]
VerificationStatus = Literal["Inactive", "Locked", "ReadyForContracts", "ReadyToTrade", "Verified"]
TotalBy = Literal[
    "Contract", "ContractGroup", "DiscountGroup", "Exchange", "FungibleProduct", "Overall", "Product", "ProductType"
]
DrawdownMode = Literal["EOD", "RealTime"]


class AutoLiqThresholds(Request, kw_only=True):
    """Money and margin limits that both the owner's and the permitted user's settings have."""

    margin_percentage_alert: float | None = None
    daily_loss_percentage_alert: float | None = None
    daily_loss_alert: float | None = None
    margin_percentage_liq_only: float | None = None
    daily_loss_percentage_liq_only: float | None = None
    daily_loss_liq_only: float | None = None
    margin_percentage_auto_liq: float | None = None
    daily_loss_percentage_auto_liq: float | None = None
    daily_loss_auto_liq: float | None = None
    weekly_loss_auto_liq: float | None = None
    daily_profit_auto_liq: float | None = None
    weekly_profit_auto_liq: float | None = None
    changes_locked: bool | None = None


class PostTradeRisk(AutoLiqThresholds, kw_only=True):
    """What acts after a trade; a field left out is no such limit."""

    flatten_timestamp: dt.datetime | None = None
    trailing_max_drawdown: float | None = None
    trailing_max_drawdown_limit: float | None = None
    trailing_max_drawdown_mode: DrawdownMode | None = None
    do_not_unlock: bool | None = None


class UserAccountAutoLiq(PostTradeRisk, kw_only=True):
    """The whole entity; its id is its account's."""

    id: int | None = None


class UpdateUserAutoLiq(PostTradeRisk, kw_only=True):
    """The settings of one account."""

    account_id: int
    as_owner: bool | None = None


class UpdateUserAutoLiqs(Request, kw_only=True):
    """The settings of several accounts."""

    items: list[UpdateUserAutoLiq]


class RiskScope(Request, kw_only=True):
    """What a limit or a parameter is about."""

    contract_id: int | None = None
    product_id: int | None = None
    exchange_id: int | None = None
    product_type: ProductType | None = None
    risk_discount_contract_group_id: int | None = None
    product_verification_status: VerificationStatus | None = None
    contract_group_id: int | None = None
    fungible_product_id: int | None = None


class LimitFields(RiskScope, kw_only=True):
    """How many contracts."""

    active: bool
    risk_time_period_id: int | None = None
    total_by: TotalBy
    short_limit: int | None = None
    long_limit: int | None = None
    exposed_limit: int | None = None
    fungible_exposed_limit: int | None = None
    description: str | None = None


class ParameterFields(RiskScope, kw_only=True):
    """How large an order may be, and its margin."""

    max_opening_order_qty: int | None = None
    max_closing_order_qty: int | None = None
    fungible_max_opening_order_qty: int | None = None
    fungible_max_closing_order_qty: int | None = None
    max_back_month: int | None = None
    pre_expiration_days: int | None = None
    margin_percentage: float | None = None
    margin_dollar_value: float | None = None
    hard_limit: bool | None = None


class PreTradeRisk(LimitFields, kw_only=True):
    """A position limit with its parameters, given when an account is made."""

    parameters: list[ParameterFields]


class UserAccountPositionLimit(LimitFields, kw_only=True):
    """The whole entity."""

    id: int | None = None
    account_id: int


class UserAccountRiskParameter(ParameterFields, kw_only=True):
    """The whole entity."""

    id: int | None = None
    user_account_position_limit_id: int


class DeleteUserAccountPositionLimit(Request, kw_only=True):
    """Which limit."""

    user_account_position_limit_id: int


class DeleteUserAccountRiskParameter(Request, kw_only=True):
    """Which parameter."""

    user_account_risk_parameter_id: int


class UpdateMaxNetLiq(Request, kw_only=True):
    """The peak that a trailing drawdown is measured from."""

    account_id: int
    max_net_liq: float


class SetAdminAutoLiqAction(Request, kw_only=True):
    """Lock, liquidate, restrict or unlock an account."""

    account_id: int
    admin_action: str
    admin_action_reason_code: str
    admin_action_reason: str | None = None


class SwitchRiskCategory(Request, kw_only=True):
    """Accounts to be moved to a category."""

    account_ids: list[int]
    risk_category_id: int
