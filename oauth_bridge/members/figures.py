"""A member's own view of an account: may I trade, and how is today. Pure questions about mirrors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from vendor_admin.mirrors.models import TradingPermission
from vendor_admin.mirrors.queries.account_summary import AccountSummary
from vendor_admin.mirrors.rules.room_left import Answer
from vendor_admin.mirrors.rules.trading_locks import TradingLock
from vendor_admin.tradovate.trading_calendar import session_date


@dataclass(frozen=True)
class MemberAccount:
    """One account as its member sees it."""

    state: AccountSummary
    permissions: Sequence[TradingPermission]
    may_trade: TradingLock
    today: Answer

    @property
    def is_over(self) -> bool:
        """Closed or archived: nothing happens there any more."""
        return self.state.is_over

    @property
    def tone(self) -> str:
        """good, warn or bad, for the answer to "May I trade?"."""
        return self.may_trade.tone


def seen_by_member(state: AccountSummary, *, user_id: int, now: datetime) -> MemberAccount:
    """What a page says to the member; other members' permissions for the same account do not count."""
    own = [row for row in state.permissions or () if row.user_id == user_id]
    return MemberAccount(
        state=state,
        permissions=own,
        may_trade=_may_trade(state, own, user_id=user_id),
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
        return Answer(realized, "Realized only; excludes open positions.")
    return Answer(realized, f"Closed trades of the session of {session:%b %d}.")


def _may_trade(state: AccountSummary, own: Sequence[TradingPermission], *, user_id: int) -> TradingLock:
    owns_it_without_permission = not own and state.account.user_id is not None
    return state.lock_by(
        permission_statuses=None if owns_it_without_permission else [row.status for row in own],
        trader_statuses=[member.status for member in state.members if member.entity_id == user_id],
    )


def _usd(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace("-", "−")
