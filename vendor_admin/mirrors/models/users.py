"""Users, their contact data and what they subscribe to (LIVE) or may trade (DEMO)."""

from django.db import models

from vendor_admin.mirrors.models.base import (
    Mirror,
    Source,
    flag,
    integer,
    moment,
    number,
    platform_id,
    trade_date,
    word,
)


class PlatformUser(Mirror):
    """A user of the organization: a member (trader) or an admin."""

    entity_type = "user"
    source = Source.SNAPSHOT
    absence_means_vanished = True

    name = word()
    timestamp = moment()
    email = word()
    status = word()
    professional = flag()
    platform_organization_id = platform_id()
    introducing_partner_id = platform_id()
    user_type = word()
    linked_user_id = platform_id()
    hibernated = flag()

    class Meta(Mirror.Meta):
        verbose_name = "user"
        indexes = [
            models.Index(fields=["organization", "status", "entity_id"], name="platformuser_status"),
        ]

    def __str__(self) -> str:
        return self.name or super().__str__()


class ContactInfo(Mirror):
    """Name, address and phone of a user."""

    entity_type = "contactInfo"
    source = Source.LDEPS
    master = "user"
    master_column = "user_id"
    absence_means_vanished = True

    user_id = platform_id()
    first_name = word()
    last_name = word()
    street_address1 = word()
    street_address2 = word()
    city = word()
    state = word()
    post_code = word()
    country = word()
    phone = word()
    mailing_is_different = flag()
    mailing_street_address1 = word()
    mailing_street_address2 = word()
    mailing_city = word()
    mailing_state = word()
    mailing_post_code = word()
    mailing_country = word()
    approved_id = platform_id()
    joint_first_name = word()
    joint_last_name = word()
    ira_custodian_name = word()

    class Meta(Mirror.Meta):
        verbose_name = "contact info"
        indexes = [
            models.Index(fields=["organization", "user_id", "entity_id"], name="contactinfo_user_id"),
        ]


class TradingPermission(Mirror):
    """Lets a user trade an account (DEMO)."""

    entity_type = "tradingPermission"
    source = Source.LIST
    absence_means_vanished = True

    user_id = platform_id()
    account_id = platform_id()
    account_holder_contact = word()
    account_holder_email = word()
    cta_contact = word()
    cta_email = word()
    status = word()
    updated = moment()
    approved_by_id = platform_id()

    class Meta(Mirror.Meta):
        verbose_name = "trading permission"
        indexes = [
            models.Index(fields=["organization", "user_id", "entity_id"], name="tradingpermission_user_id"),
            models.Index(fields=["organization", "account_id", "entity_id"], name="tradingpermission_account"),
            models.Index(fields=["organization", "status", "entity_id"], name="tradingpermission_status"),
        ]


class UserPlugin(Mirror):
    """An entitlement that a user holds, for instance Sim+."""

    entity_type = "userPlugin"
    source = Source.SNAPSHOT
    absence_means_vanished = True

    user_id = platform_id()
    timestamp = moment()
    plan_price = number()
    cash_balance_log_id = platform_id()
    account_id = platform_id()
    plugin_name = word()
    approval = flag()
    entitlement_id = platform_id()
    start_date = trade_date()
    expiration_date = trade_date()
    paid_amount = number()
    autorenewal = flag()
    plan_categories = word()
    rebate = number()

    class Meta(Mirror.Meta):
        verbose_name = "user plugin"
        indexes = [
            models.Index(fields=["organization", "user_id", "entity_id"], name="userplugin_user_id"),
        ]


class Entitlement(Mirror):
    """An entitlement that can be subscribed to."""

    entity_type = "entitlement"
    source = Source.LIST
    absence_means_vanished = True

    title = word()
    price = number()
    start_date = trade_date()
    discontinued_date = trade_date()
    name = word()
    duration = integer()
    duration_units = word()
    autorenewal = flag()
    legal_entity_type = word()
    required_non_pro_certification = flag()
    is_upgradable = flag()
    free_for_first_time = flag()
    min_days_between_use = integer()
    purchase_type = word()
    rebate_contracts_threshold = integer()
    use_limit = integer()

    class Meta(Mirror.Meta):
        verbose_name = "entitlement"

    def __str__(self) -> str:
        return self.name or super().__str__()


class MarketDataSubscription(Mirror):
    """Market data of one exchange for one month."""

    entity_type = "marketDataSubscription"
    source = Source.LIST
    absence_means_vanished = True

    user_id = platform_id()
    timestamp = moment()
    plan_price = number()
    cash_balance_log_id = platform_id()
    account_id = platform_id()
    market_data_subscription_plan_id = platform_id()
    year = integer()
    month = integer()
    expired = flag()
    renewal_credit_card_id = platform_id()
    renewal_account_id = platform_id()

    class Meta(Mirror.Meta):
        verbose_name = "market data subscription"
        indexes = [
            models.Index(fields=["organization", "user_id", "entity_id"], name="marketdatasubscription_user_id"),
        ]


class MarketDataSubscriptionPlan(Mirror):
    """A market data plan with its price."""

    entity_type = "marketDataSubscriptionPlan"
    source = Source.LIST
    absence_means_vanished = True

    name = word()
    title = word()
    price = number()
    start_date = trade_date()
    discontinued_date = trade_date()
    exchange_scope_id = platform_id()
    data_type = word()
    professional = word()
    tooltip = word()

    class Meta(Mirror.Meta):
        verbose_name = "market data subscription plan"

    def __str__(self) -> str:
        return self.name or super().__str__()


class TradovateSubscription(Mirror):
    """The membership of a user."""

    entity_type = "tradovateSubscription"
    source = Source.LIST
    absence_means_vanished = True

    user_id = platform_id()
    timestamp = moment()
    plan_price = number()
    cash_balance_log_id = platform_id()
    account_id = platform_id()
    tradovate_subscription_plan_id = platform_id()
    start_date = trade_date()
    expiration_date = trade_date()
    paid_amount = number()
    cancelled_renewal = flag()
    cancel_reason = word()

    class Meta(Mirror.Meta):
        verbose_name = "tradovate subscription"
        indexes = [
            models.Index(fields=["organization", "user_id", "entity_id"], name="tradovatesubscription_user_id"),
        ]


class TradovateSubscriptionPlan(Mirror):
    """A membership plan, e.g. FIRM_MONTHLY."""

    entity_type = "tradovateSubscriptionPlan"
    source = Source.LIST
    absence_means_vanished = True

    name = word()
    title = word()
    price = number()
    start_date = trade_date()
    discontinued_date = trade_date()
    category = word()
    trial = flag()
    duration = integer()
    duration_units = word()
    risk_category_id = platform_id()
    multiple_accounts = flag()
    platform_organization_id = platform_id()
    replay_sessions = integer()
    footnote = word()
    sim_only = flag()

    class Meta(Mirror.Meta):
        verbose_name = "tradovate subscription plan"

    def __str__(self) -> str:
        return self.name or super().__str__()
