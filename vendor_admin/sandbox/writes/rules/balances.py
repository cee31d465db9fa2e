"""Balances of simulated accounts: changing, adjusting, going back to a session's start, and the drawdown's peak.

Limits and sentences are those of the platform's pages on changeDemoBalance, adjustCash and resetDemoAccountState.
"""

import datetime as dt

from vendor_admin.sandbox.trading.surveillance.breaches import begin_day_again
from vendor_admin.sandbox.world.state import Entity, Record
from vendor_admin.sandbox.world.times import trade_date
from vendor_admin.sandbox.writes.checks import (
    need_administrator,
    need_between,
    need_length,
    need_open_account,
    need_positive,
)
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.refusals import DeniedError, MissingError, RefusalError, ViolationsError
from vendor_admin.sandbox.writes.requests import AccountId, AdjustCash, ChangeDemoBalance, ResetDemoAccountState
from vendor_admin.sandbox.writes.risk_requests import UpdateMaxNetLiq
from vendor_admin.sandbox.writes.rules.cash import amount_of, balance_of, log_cash, move_cash, snapshot_of
from vendor_admin.sandbox.writes.rules.permissions import accounts_with_active_permission
from vendor_admin.sandbox.writes.rules.risk_status import change_risk_status, raise_peak

DEMO_CHANGE_BOUND = 1_000_000
MOST_CASH = 50_000
COMMENT_LENGTH = 64
DEFAULT_COMMENT = "Demo Change"
PARTNER_TYPES = ("ManualAdjustment", "Courtesy", "Debit", "FundTransaction", "ChallengePayout")


def change_demo_balance(desk: Desk, request: ChangeDemoBalance) -> Entity:
    """Add to a balance; the drawdown's peak moves along."""
    need_positive("Account Id", request.account_id)
    need_between("Cash Change", request.cash_change, DEMO_CHANGE_BOUND)
    comment = DEFAULT_COMMENT if request.comment is None else request.comment
    need_length("Comment", comment, most=COMMENT_LENGTH)
    account = _account(desk, request.account_id)
    need_open_account(account.entity)
    amount = round(amount_of(desk.book(), request.account_id) + request.cash_change, 2)
    if amount > MOST_CASH and (desk.settings.cap_binds_administrators or not desk.is_administrator):
        raise RefusalError("Maximum cash amount in the simulation account must be less than or equal to $50,000")
    if not desk.is_administrator:
        _once_an_hour(desk, request.account_id)
    move_cash(
        desk,
        account,
        delta=request.cash_change,
        change_type="ManualAdjustment",
        comment=desk.settings.comment(comment),
    )
    raise_peak(desk, request.account_id, by=request.cash_change, amount=amount)
    return snapshot_of(desk, request.account_id)


def adjust_cash(desk: Desk, request: AdjustCash) -> Entity:
    """Move money with a type, in any currency; the peak only rises when the balance passes it."""
    need_administrator(desk)
    if not desk.organization.has_funds_scope:
        raise DeniedError
    need_positive("Account Id", request.account_id)
    need_between("Cash Change", request.cash_change, desk.settings.adjust_cash_bound)
    comment = request.comment or ""
    need_length("Comment", comment, most=COMMENT_LENGTH)
    if request.cash_change_type not in PARTNER_TYPES:
        raise RefusalError(f"Cash Change Type should be one of {', '.join(PARTNER_TYPES)}")
    if desk.view().get("currency", request.currency_id) is None:
        raise RefusalError("Currency not found")
    account = desk.own("account", request.account_id)
    need_open_account(account.entity)
    move_cash(
        desk,
        account,
        delta=request.cash_change,
        change_type=request.cash_change_type,
        comment=desk.settings.comment(comment) if comment else None,
        currency_id=request.currency_id,
        sender_id=request.sender_id,
        fundTransactionId=desk.new_id(),
    )
    raise_peak(desk, request.account_id, by=0.0, amount=amount_of(desk.book(), request.account_id))
    return snapshot_of(desk, request.account_id)


def cash_balance_snapshot(desk: Desk, request: AccountId) -> Entity:
    """A look at an account's money; changes nothing."""
    desk.own("account", request.account_id)
    return snapshot_of(desk, request.account_id)


def reset_demo_account_state(desk: Desk, request: ResetDemoAccountState) -> Entity:
    """Put accounts back to a session's start; those without an active permission are left as they are."""
    if not request.account_ids:
        raise RefusalError("Empty accountIds")
    wanted = request.reset_trade_date
    try:
        day = dt.date(wanted.year, wanted.month, wanted.day)
    except ValueError:
        raise RefusalError("Invalid resetTradeDate") from None
    if day > desk.session:
        raise RefusalError("Reset Trade Date should not be in the future")
    accounts = {account_id: desk.own("account", account_id) for account_id in request.account_ids}
    active = accounts_with_active_permission(desk)
    for account_id, account in accounts.items():
        if account_id in active:
            _reset(desk, account, day)
    return {"ok": True}


def update_max_net_liq(desk: Desk, request: UpdateMaxNetLiq) -> Entity:
    """Set the peak of a trailing drawdown."""
    need_positive("Max Net Liq", request.max_net_liq)
    desk.own("account", request.account_id)
    return {"accountRiskStatus": change_risk_status(desk, request.account_id, maxNetLiq=request.max_net_liq)}


def _account(desk: Desk, account_id: int) -> Record:
    """changeDemoBalance answers an account that is not the caller's with a sentence instead of a 404."""
    try:
        account = desk.own("account", account_id)
    except MissingError:
        raise RefusalError("Access denied") from None
    if not desk.is_administrator and account.entity["userId"] != desk.admin_user_id:
        raise RefusalError("Access denied")
    return account


def _once_an_hour(desk: Desk, account_id: int) -> None:
    changed_at = desk.hidden.balance_changed_at_by_account
    if desk.now < changed_at.get(account_id, 0.0) + desk.hour_seconds:
        raise RefusalError("One change to the simulation cash balance is permitted per hour. Please try again later.")
    desk.remember(changed_at, account_id, desk.now)


def _reset(desk: Desk, account: Record, day: dt.date) -> None:
    account_id = account.entity["id"]
    balance = balance_of(desk.book(), account_id)
    if balance is None:
        return
    amount = _start_of(desk, balance.entity, day)
    delta = round(amount - balance.entity["amount"], 2)
    week = round(balance.entity["weekRealizedPnL"] - balance.entity["realizedPnL"], 2)
    entity = desk.update(
        "cashBalance",
        balance,
        timestamp=desk.at,
        tradeDate=desk.trade_date,
        amount=amount,
        realizedPnL=0.0,
        weekRealizedPnL=week,
    )
    log_cash(desk, account, entity, delta=delta, change_type="AutomaticReconciliation", comment="Reset")
    for position in list(desk.book().dependents("position", account_id)):
        if position.entity["netPos"]:
            desk.update("position", position, timestamp=desk.at, netPos=0, netPrice=None)
    for order in list(desk.book().dependents("order", account_id)):
        is_scripted = order.entity["id"] not in desk.exchange.orders.by_id
        if is_scripted and order.entity["ordStatus"] in ("Working", "Suspended", "PendingNew"):
            desk.update("order", order, timestamp=desk.at, ordStatus="Canceled")
    desk.exchange.after(desk, lambda execution: begin_day_again(execution, account_id))
    if desk.book().get("accountRiskStatus", account_id):
        change_risk_status(desk, account_id, adminAction="Normal", adminTimestamp=desk.at, liquidateOnly=None)


def _start_of(desk: Desk, balance: Entity, day: dt.date) -> float:
    """The balance at the open of a session: today's from the balance, an earlier one's from the log."""
    if balance["tradeDate"] == trade_date(day) or day == desk.session:
        return float(balance["amountSOD"])
    for record in desk.book().dependents("cashBalanceLog", balance["accountId"]):
        if record.entity["cashChangeType"] == "NewSession" and record.entity["tradeDate"] == trade_date(day):
            return float(record.entity["amount"])
    raise ViolationsError(("resetTradeDate", day.isoformat(), "No start-of-day balance of this session"))
