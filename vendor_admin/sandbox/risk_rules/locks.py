"""What keeps an account from trading: its own state, its permission, and the locks of admins and of auto-liquidation.

Effects of `adminAction` after the platform's pages on setAdminAutoLiqAction and halting trading.
"""

import datetime as dt

from vendor_admin.sandbox.risk_rules.account_state import AccountState, AdminAction
from vendor_admin.sandbox.risk_rules.refusals import Reason, Refusal

# Nothing may be sent: the platform itself closes what is to be closed.
LOCKING = frozenset({AdminAction.LOCK, AdminAction.LIQUIDATE})
# Only what closes may be sent.
CLOSING_ONLY = frozenset(
    {AdminAction.LIQUIDATE_ONLY, AdminAction.LIQUIDATED_BY_AUTO_LIQ, AdminAction.LIQUIDATE_ONLY_BY_AUTO_LIQ}
)
WITHOUT_AUTO_LIQ = frozenset({AdminAction.AUTO_LIQ_ON_HOLD, AdminAction.AUTO_LIQ_OFF})
BY_AUTO_LIQ = frozenset({AdminAction.LIQUIDATED_BY_AUTO_LIQ, AdminAction.LIQUIDATE_ONLY_BY_AUTO_LIQ})


def lock_refusal(account: AccountState, *, is_opening: bool, is_liquidation: bool, now: dt.datetime) -> Refusal | None:
    """Why an account may not send an order, or None: one that opens, closes, or liquidates."""
    if account.is_closed:
        return Refusal(Reason.ACCOUNT_CLOSED, "The account is closed or archived.")
    if is_liquidation:
        return _closing_only("liquidation") if is_opening else None
    if account.is_readonly or not account.has_permission:
        return Refusal(Reason.UNAUTHORIZED, "Access is denied")
    if account.is_restricted or account.admin_action in LOCKING:
        return Refusal(Reason.TRADING_LOCKED, "Trading is locked for this account.")
    if account.locked_out_until is not None and now < account.locked_out_until:
        return Refusal(Reason.TRADING_LOCKED, "The trader locked this account for a time.")
    if is_opening and is_closing_only(account, now):
        return _closing_only(account.lock.cause if account.lock is not None else "an administrator")
    return None


def is_closing_only(account: AccountState, now: dt.datetime) -> bool:
    """Whether only what closes may be sent."""
    if account.admin_action in CLOSING_ONLY:
        return True
    return account.liquidate_only_at is not None and account.liquidate_only_at <= now


def _closing_only(cause: str) -> Refusal:
    return Refusal(Reason.LIQUIDATION_ONLY, f"This account may only close positions (set by: {cause}).")
