"""Accounts and their money."""

from django.db import models

from vendor_admin.mirrors.models.base import Mirror, Source, flag, moment, number, platform_id, trade_date, word


class Account(Mirror):
    """A trading account."""

    entity_type = "account"
    source = Source.SNAPSHOT
    absence_means_vanished = True

    name = word()
    user_id = platform_id()
    account_type = word()
    restricted = flag()
    closed = flag()
    clearing_house_id = platform_id()
    risk_category_id = platform_id()
    auto_liq_profile_id = platform_id()
    margin_account_type = word()
    legal_status = word()
    timestamp = moment()
    evaluation_size = number()
    readonly = flag()
    cc_email = word()
    futures_disabled = flag()
    swap_enabled = flag()
    ssf_risk_disclosure_acknowledgment = moment()
    spot_margin_enabled = flag()
    active = flag()
    archived = flag()

    class Meta(Mirror.Meta):
        verbose_name = "account"
        indexes = [
            models.Index(fields=["organization", "user_id", "entity_id"], name="account_user_id"),
            models.Index(fields=["organization", "active", "entity_id"], name="account_active"),
        ]

    def __str__(self) -> str:
        return self.name or super().__str__()


class CashBalance(Mirror):
    """The cash of an account in one currency."""

    entity_type = "cashBalance"
    source = Source.SNAPSHOT

    account_id = platform_id()
    timestamp = moment()
    trade_date = trade_date()
    currency_id = platform_id()
    amount = number()
    realized_pnl = number()
    week_realized_pnl = number()
    amount_sod = number()
    archived = flag()

    class Meta(Mirror.Meta):
        verbose_name = "cash balance"
        indexes = [
            models.Index(fields=["organization", "account_id", "entity_id"], name="cashbalance_account"),
        ]


class CashBalanceLog(Mirror):
    """One change of an account's cash."""

    entity_type = "cashBalanceLog"
    source = Source.LDEPS
    master = "account"

    account_id = platform_id()
    timestamp = moment()
    trade_date = trade_date()
    currency_id = platform_id()
    amount = number()
    realized_pnl = number()
    week_realized_pnl = number()
    cash_change_type = word()
    fill_pair_id = platform_id()
    fill_id = platform_id()
    fund_transaction_id = platform_id()
    comment = word()
    delta = number()
    sender_id = platform_id()

    class Meta(Mirror.Meta):
        verbose_name = "cash balance log"
        indexes = [
            models.Index(fields=["organization", "account_id", "entity_id"], name="cashbalancelog_account"),
            models.Index(fields=["organization", "trade_date", "entity_id"], name="cashbalancelog_trade_date"),
        ]


class MarginSnapshot(Mirror):
    """Margin figures of an account; its id is the account's."""

    entity_type = "marginSnapshot"
    source = Source.SNAPSHOT
    id_is_account_id = True

    timestamp = moment()
    risk_time_period_id = platform_id()
    initial_margin = number()
    maintenance_margin = number()
    auto_liq_level = number()
    liq_only_level = number()
    total_used_margin = number()
    full_initial_margin = number()
    position_margin = number()
    total_used_full_margin = number()
    open_collateral_req = number()

    class Meta(Mirror.Meta):
        verbose_name = "margin snapshot"
