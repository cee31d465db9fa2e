"""Acting on what the risk rules find: liquidation and locks of auto-liquidation, peaks, and the turn of the session."""

from vendor_admin.sandbox.risk_rules.account_state import AccountState, AdminAction
from vendor_admin.sandbox.risk_rules.auto_liq import Breach, Effect, Initiator, breach
from vendor_admin.sandbox.risk_rules.margin import margin_use
from vendor_admin.sandbox.risk_rules.reevaluation import contracts_over
from vendor_admin.sandbox.risk_rules.session_roll import (
    RiskStatus,
    at_session_start,
    peak_at_session_end,
    status_after_breach,
)
from vendor_admin.sandbox.trading.execution import Execution
from vendor_admin.sandbox.trading.figures import settings_of, write_peak
from vendor_admin.sandbox.trading.orders import Ticket
from vendor_admin.sandbox.trading.risk import limits_of
from vendor_admin.sandbox.trading.settlement import balance_of
from vendor_admin.sandbox.trading.surveillance.liquidation import (
    Cause,
    cancel_opening_orders,
    cancel_orders,
    liquidate_account,
)
from vendor_admin.sandbox.world.edits import Edits
from vendor_admin.sandbox.world.state import Record
from vendor_admin.sandbox.world.times import timestamp

BY_ADMIN = Cause(initiator=Initiator.ADMIN, admin_action=AdminAction.LIQUIDATE)


def look_at(execution: Execution, account: Record) -> None:
    """Move an account's peak, and do what it has come to."""
    risk, now = execution.floor.risk, execution.floor.market.clock.now()
    state = risk.state_of(execution.edits, account)
    write_peak(execution.edits, state)
    tally = risk.tally(state.account_id)
    if state.admin_action == AdminAction.LIQUIDATE and (state.working or not state.is_flat):
        liquidate_account(execution, account, BY_ADMIN)
        return
    used = margin_use(state, risk.contracts).initial
    found = breach(state, settings_of(execution.edits, state.account_id), used_margin=used, now=now)
    tally.looked_at = now
    if found is not None:
        _act(execution, account, state, found)


def act_for_admin(execution: Execution, account: Record, action: str) -> None:
    """Do what an administrator's action asks for; its status is written already."""
    ticket = Ticket(is_admin=True)
    execution.floor.risk.tally(account.entity["id"]).lock = None
    if action == AdminAction.LIQUIDATE:
        liquidate_account(execution, account, BY_ADMIN)
    elif action == AdminAction.LOCK:
        cancel_orders(execution, account.entity["id"], ticket)
    elif action == AdminAction.LIQUIDATE_ONLY:
        cancel_opening_orders(execution, account.entity["id"], ticket)


def look_at_limits(execution: Execution, account: Record) -> None:
    """Close what an account holds beyond its position limits, after it came to others while the market is open."""
    risk, market = execution.floor.risk, execution.floor.market
    state, now = risk.state_of(execution.edits, account), market.clock.now()
    over = contracts_over(state, list(limits_of(execution.edits, account.entity)), risk.contracts, now)
    if over and market.schedule.is_open(now):
        cause = Cause(initiator=Initiator.ADMIN, admin_action=state.admin_action)
        liquidate_account(execution, account, cause, contract_ids=over)


def begin_day_again(execution: Execution, account_id: int) -> None:
    """Follow an account that was put back to the start of its session: nothing works, nothing is locked or counted."""
    cancel_orders(execution, account_id, Ticket(is_admin=True))
    tally = execution.floor.risk.tally(account_id)
    tally.this_week = round(tally.this_week - tally.today, 2)
    tally.today = tally.open_at_day_start = 0.0
    tally.lock = None


def end_session(execution: Execution, account: Record) -> None:
    """Move the peak that follows at the end of a day."""
    state = execution.floor.risk.state_of(execution.edits, account)
    record = execution.edits.book().get("accountRiskStatus", state.account_id)
    peak = peak_at_session_end(state)
    if record is not None and peak != record.entity.get("maxNetLiq"):
        _write_status(execution, record, maxNetLiq=peak)


def start_session(execution: Execution, account: Record, *, is_first_of_week: bool) -> None:
    """Begin to count anew, and open the locks that have run out."""
    risk, edits = execution.floor.risk, execution.edits
    state = risk.state_of(edits, account)
    tally, now = risk.tally(state.account_id), execution.floor.market.clock.now()
    settings = settings_of(edits, state.account_id)
    start = at_session_start(state, settings, is_first_of_week=is_first_of_week, now=now)
    tally.today, tally.open_at_day_start = 0.0, state.open_pnl
    if is_first_of_week:
        tally.this_week, tally.open_at_week_start = 0.0, state.open_pnl
    _begin_cash(execution, edits, account, is_first_of_week=is_first_of_week)
    _apply_status(execution, state, start.status)


def _act(execution: Execution, account: Record, state: AccountState, found: Breach) -> None:
    now = execution.floor.market.clock.now()
    status = status_after_breach(state, found, now)
    _apply_status(execution, state, status)
    if found.effect is Effect.LIQUIDATE_ONLY:
        cancel_opening_orders(execution, state.account_id, Ticket(is_admin=True))
    elif found.effect in (Effect.LIQUIDATE, Effect.FLATTEN):
        liquidate_account(execution, account, Cause(initiator=found.initiator, admin_action=status.admin_action))


def _apply_status(execution: Execution, state: AccountState, status: RiskStatus) -> None:
    execution.floor.risk.tally(state.account_id).lock = status.lock
    record = execution.edits.book().get("accountRiskStatus", state.account_id)
    if record is None or status == RiskStatus.of(state):
        return
    since = status.liquidate_only_at
    _write_status(
        execution,
        record,
        adminAction=status.admin_action,
        adminTimestamp=execution.edits.at if status.admin_action != state.admin_action else None,
        liquidateOnly=timestamp(since) if since else None,
    )


def _write_status(execution: Execution, record: Record, **fields: str | float | None) -> None:
    """Change the risk status and log how it stands then."""
    kept = {"adminTimestamp": record.entity.get("adminTimestamp")}
    changes = {name: kept.get(name) if value is None else value for name, value in fields.items()}
    entity = execution.edits.update("accountRiskStatus", record, **changes)
    entry = {
        **entity,
        "id": execution.chain.new_id(),
        "accountId": entity["id"],
        "timestamp": execution.edits.at,
    }
    execution.edits.create("accountRiskStatusLog", entry, account_id=record.account_id, user_id=record.user_id)


def _begin_cash(execution: Execution, edits: Edits, account: Record, *, is_first_of_week: bool) -> None:
    balance = balance_of(edits, account.entity["id"])
    if balance is None:
        return
    week = 0.0 if is_first_of_week else balance.entity["weekRealizedPnL"]
    entity = edits.update(
        "cashBalance",
        balance,
        timestamp=edits.at,
        tradeDate=edits.trade_date,
        realizedPnL=0.0,
        weekRealizedPnL=week,
        amountSOD=balance.entity["amount"],
    )
    kept = ("accountId", "timestamp", "tradeDate", "currencyId", "amount", "realizedPnL", "weekRealizedPnL")
    entry = {
        "id": execution.chain.new_id(),
        **{name: entity[name] for name in kept},
        "cashChangeType": "NewSession",
        "delta": 0.0,
    }
    edits.create("cashBalanceLog", entry, account_id=balance.account_id, user_id=balance.user_id)
