"""What a breach locks, and what the end and the start of a session change: peak, counters, unlocks. Pure.

After the platform's pages: a lock of a daily limit opens when the market opens next, one of a weekly limit on Sunday,
one under doNotUnlock never; a lock that an admin set stays until an admin sets Normal.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from vendor_admin.sandbox.risk_rules.account_state import AccountState, AdminAction, Lock, LockEnd
from vendor_admin.sandbox.risk_rules.auto_liq import AutoLiqSettings, Breach, Effect, breach
from vendor_admin.sandbox.risk_rules.locks import BY_AUTO_LIQ, LOCKING


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskStatus:
    """The part of an account's risk status that auto-liquidation sets and a session's start takes away."""

    admin_action: str
    liquidate_only_at: dt.datetime | None
    lock: Lock | None

    @classmethod
    def of(cls, account: AccountState) -> "RiskStatus":
        """As it is now."""
        return cls(admin_action=account.admin_action, liquidate_only_at=account.liquidate_only_at, lock=account.lock)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStart:
    """An account when a session starts: the values that its profit and loss count from, and its status."""

    day_start: float
    week_start: float
    status: RiskStatus


def status_after_breach(account: AccountState, found: Breach, now: dt.datetime) -> RiskStatus:
    """The status once a breach was acted on. What an admin set stays; flattening locks nothing."""
    if found.ends is None:
        return RiskStatus.of(account)
    by_auto_liq = AdminAction.LIQUIDATE_ONLY_BY_AUTO_LIQ
    if found.effect is Effect.LIQUIDATE:
        by_auto_liq = AdminAction.LIQUIDATED_BY_AUTO_LIQ
    is_set_by_admin = account.admin_action in LOCKING or account.admin_action == AdminAction.LIQUIDATE_ONLY
    return RiskStatus(
        admin_action=account.admin_action if is_set_by_admin else by_auto_liq,
        liquidate_only_at=account.liquidate_only_at or now,
        lock=Lock(found.rule, _longer(account.lock, found.ends)),
    )


def peak_at_session_end(account: AccountState) -> float:
    """The peak once a session has ended: it follows in both modes."""
    return max(account.max_net_liq, account.net_liq)


def at_session_start(
    account: AccountState, settings: Sequence[AutoLiqSettings], *, is_first_of_week: bool, now: dt.datetime
) -> SessionStart:
    """Begin to count anew, and open the lock that has run out, unless the account would be liquidated again at once:
    below a drawdown's floor it stays locked (our choice).
    """
    day_start = account.net_liq
    week_start = account.net_liq if is_first_of_week else account.week_start
    status = RiskStatus.of(account)
    if _has_run_out(account, is_first_of_week):
        opened = _unlocked(account)
        after = replace(
            account,
            day_start=day_start,
            week_start=week_start,
            admin_action=opened.admin_action,
            liquidate_only_at=opened.liquidate_only_at,
            lock=None,
        )
        again = breach(after, settings, used_margin=0.0, now=now)
        status = status if again is not None and again.effect is Effect.LIQUIDATE else opened
    return SessionStart(day_start=day_start, week_start=week_start, status=status)


def _has_run_out(account: AccountState, is_first_of_week: bool) -> bool:
    if account.lock is None:
        return False
    return account.lock.ends is LockEnd.NEXT_SESSION or (account.lock.ends is LockEnd.NEXT_WEEK and is_first_of_week)


def _unlocked(account: AccountState) -> RiskStatus:
    if account.admin_action in BY_AUTO_LIQ:
        return RiskStatus(admin_action=AdminAction.NORMAL, liquidate_only_at=None, lock=None)
    keeps = account.admin_action == AdminAction.LIQUIDATE_ONLY
    return RiskStatus(
        admin_action=account.admin_action,
        liquidate_only_at=account.liquidate_only_at if keeps else None,
        lock=None,
    )


def _longer(lock: Lock | None, ends: LockEnd) -> LockEnd:
    order = list(LockEnd)
    return max(lock.ends, ends, key=order.index) if lock is not None else ends
