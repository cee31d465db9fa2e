"""A member's own view of an account: may I trade, and how is today. Pure questions about mirrors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from vendor_admin.mirrors.models import TradingPermission
from vendor_admin.mirrors.queries.account_summary import AccountState
from vendor_admin.mirrors.rules import account_rules
from vendor_admin.mirrors.rules.account_rules import Answer, TradingLock
from vendor_admin.tradovate.trading_calendar import session_date


@dataclass(frozen=True)
class MemberAccount:
    """One account as its member sees it."""

    state: AccountState
    permissions: Sequence[TradingPermission]
    may_trade: TradingLock
    today: Answer

    @property
    def is_over(self) -> bool:
        """Closed or archived: nothing happens there any more."""
        return bool(self.state.account.closed or self.state.account.archived)

    @property
    def tone(self) -> str:
        """good, warn or bad, for the answer to "May I trade?"."""
        return self.may_trade.tone


def seen_by_member(state: AccountState, *, user_id: int, now: datetime) -> MemberAccount:
    """What a page says to the member; other members' permissions for the same account do not count."""
    own = [row for row in state.permissions if row.user_id == user_id]
    return MemberAccount(
        state=state,
        permissions=own,
        may_trade=_may_trade(state, own, user_id=user_id, now=now),
        today=today(
            realized=state.balance.realized_pnl if state.balance else None,
            trade_date=state.balance.trade_date if state.balance else None,
            has_open_positions=state.has_open_positions,
            now=now,
        ),
    )


def today(*, realized: Decimal | None, trade_date: date | None, has_open_positions: bool, now: datetime) -> Answer:
    """Profit or loss of the exchange's present session, which began at 17:00 Chicago time the evening before."""
    session = session_date(now)
    if realized is None or trade_date is None:
        return Answer(None, "Unknown: Tradovate has not sent a result for this account.")
    if trade_date < session:
        return Answer(
            None, f"Nothing yet in the session of {session:%b %d}. The one of {trade_date:%b %d}: {_usd(realized)}."
        )
    if has_open_positions:
        return Answer(realized, "Realized figures are of closed trades alone; what is open comes on top.")
    return Answer(realized, f"Closed trades of the session of {session:%b %d}.")


def _may_trade(state: AccountState, own: Sequence[TradingPermission], *, user_id: int, now: datetime) -> TradingLock:
    status, account = state.risk_status, state.account
    owns_it_without_permission = not own and account.user_id is not None
    return account_rules.lock_state(
        admin_action=status.admin_action if status else None,
        liquidate_only=status.liquidate_only if status else None,
        user_triggered_liq_only=status.user_triggered_liq_only if status else None,
        is_active=account.active,
        is_closed=account.closed,
        is_restricted=account.restricted,
        is_readonly=account.readonly,
        is_archived=account.archived,
        is_known=status is not None,
        permission_statuses=None if owns_it_without_permission else [row.status for row in own],
        trader_statuses=[member.status for member in state.members if member.entity_id == user_id],
        now=now,
    )


def _usd(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace("-", "−")
