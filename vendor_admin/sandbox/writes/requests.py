"""The bodies of the writes as the platform describes them: types and required fields, no rules.

Fields and their names are those of the platform's OpenAPI file; a test compares them.
"""

from vendor_admin.sandbox.writes.bodies import Request
from vendor_admin.sandbox.writes.risk_requests import PostTradeRisk, PreTradeRisk


class TradeDate(Request, kw_only=True):
    """A session's date."""

    year: int
    month: int
    day: int


class EvaluationUser(Request, kw_only=True):
    """One user to be made."""

    name: str
    email: str
    password: str
    first_name: str
    last_name: str
    tradovate_subscription_plan_id: int | None = None
    entitlement_ids: list[int] | None = None


class CreateEvaluationUsers(Request, kw_only=True):
    """Up to a hundred users."""

    users: list[EvaluationUser]


class SignUpOrganizationMember(EvaluationUser, kw_only=True):
    """One user, the older way."""

    origin_organization: str | None = None


class EvaluationAccount(Request, kw_only=True):
    """One account to be made for a user."""

    user_id: int
    template_account_id: int
    name: str
    initial_balance: float
    pre_trade_risk: list[PreTradeRisk] | None = None
    post_trade_risk: PostTradeRisk | None = None


class CreateEvaluationAccounts(Request, kw_only=True):
    """Up to a hundred accounts."""

    accounts: list[EvaluationAccount]


class OpenDemoAccount(Request, kw_only=True):
    """One account, the older way: the caller's own and without a permission."""

    template_account_id: int | None = None
    name: str | None = None
    initial_balance: float | None = None
    default_auto_liq: PostTradeRisk | None = None
    pre_trade_risk: list[PreTradeRisk] | None = None


class UpdateContactInfo(Request, kw_only=True):
    """A user's address, whole."""

    user_id: int
    first_name: str
    last_name: str
    street_address1: str
    street_address2: str | None = None
    city: str
    state: str | None = None
    post_code: str | None = None
    country: str
    phone: str
    mailing_is_different: bool | None = None
    mailing_street_address1: str | None = None
    mailing_street_address2: str | None = None
    mailing_city: str | None = None
    mailing_state: str | None = None
    mailing_post_code: str | None = None
    mailing_country: str | None = None
    approved_id: int | None = None
    joint_first_name: str | None = None
    joint_last_name: str | None = None


class ModifyEmailAddress(Request, kw_only=True):
    """A user's new address; without a user the caller's own."""

    user_id: int | None = None
    email: str


class ModifyPassword(Request, kw_only=True):
    """A user's new password."""

    user_id: int | None = None
    password: str
    current_password: str


class ModifyCredentials(ModifyPassword, kw_only=True):
    """A user's new name and password."""

    name: str


class CreateTradingPermission(Request, kw_only=True):
    """Whom to let trade which account."""

    account_id: int
    user_id: int


class TradingPermissionId(Request, kw_only=True):
    """Which permission."""

    trading_permission_id: int


class RevokeTradingPermissions(Request, kw_only=True):
    """Which permissions."""

    trading_permission_ids: list[int]


class RequestTradingPermission(Request, kw_only=True):
    """An account to be traded by an advisor."""

    account_id: int
    cta_contact: str
    cta_email: str


class AccountId(Request, kw_only=True):
    """Which account."""

    account_id: int


class CancelEverything(Request, kw_only=True):
    """Whose things to end, and which of them."""

    user_ids: list[int]
    tradovate_subscriptions: bool | None = None
    user_plugins: bool | None = None
    market_data_subscriptions: bool | None = None
    trading_permissions: bool | None = None


class ChangeDemoBalance(Request, kw_only=True):
    """Money added to or taken from a simulated account."""

    account_id: int
    cash_change: float
    comment: str | None = None


class AdjustCash(Request, kw_only=True):
    """Money moved with a type and a currency."""

    account_id: int
    cash_change: float
    cash_change_type: str
    currency_id: int
    comment: str | None = None
    sender_id: int | None = None


class ResetDemoAccountState(Request, kw_only=True):
    """Accounts to be put back, and the session."""

    account_ids: list[int]
    reset_trade_date: TradeDate


class AddTradovateSubscription(Request, kw_only=True):
    """A membership plan for a user."""

    tradovate_subscription_plan_id: int
    credit_card_id: int | None = None
    account_id: int | None = None
    user_id: int | None = None


class CancelTradovateSubscription(Request, kw_only=True):
    """Which membership to end."""

    tradovate_subscription_id: int
    cancel_reason: str | None = None
    expire: bool | None = None


class AddEntitlementSubscription(Request, kw_only=True):
    """An entitlement for a user."""

    entitlement_id: int
    credit_card_id: int | None = None
    account_id: int | None = None
    user_id: int | None = None
    non_pro_signed: bool | None = None


class ChangePluginPermission(Request, kw_only=True):
    """Approve a plug-in or withdraw it."""

    user_id: int | None = None
    plugin_name: str
    approval: bool


class AddMarketDataSubscription(Request, kw_only=True):
    """Market data for a user and a month."""

    market_data_subscription_plan_ids: list[int]
    year: int
    month: int
    credit_card_id: int | None = None
    account_id: int | None = None
    user_id: int | None = None


class ExpireMarketDataSubscription(Request, kw_only=True):
    """Which market data to end. No document describes this body: the field is our guess."""

    market_data_subscription_id: int
