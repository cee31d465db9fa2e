"""A member's own view of an account: may I trade, what is it worth, how is today. Pure questions about mirrors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from vendor_admin.mirrors import questions
from vendor_admin.mirrors.account_state import AccountState
from vendor_admin.mirrors.models import TradingPermission
from vendor_admin.mirrors.questions import Answer, Lock
from vendor_admin.organizations.exchange_time import session_date

IN_FORCE = frozenset({"Accepted", "Approved"})


@dataclass(frozen=True)
class MemberAccount:
    """One account as its member sees it."""

    state: AccountState
    permissions: Sequence[TradingPermission]
    may_trade: Lock
    net_liq: Answer
    today: Answer

    @property
    def is_over(self) -> bool:
        """Closed or archived: nothing happens there any more."""
        return bool(self.state.account.closed or self.state.account.archived)

    @property
    def tone(self) -> str:
        """good, warn or bad, for the answer to "May I trade?"."""
        if self.may_trade.is_locked:
            return "bad"
        return "good" if self.may_trade.summary == "open" else "warn"


def seen_by_member(state: AccountState, *, user_id: int, now: datetime) -> MemberAccount:
    """What a page says to the member; other members' permissions for the same account do not count."""
    own = [row for row in state.permissions if row.user_id == user_id]
    return MemberAccount(
        state=state,
        permissions=own,
        may_trade=_may_trade(state, own, now=now),
        net_liq=net_liq(cash=state.amount, has_open_positions=questions.has_open_positions(state.open_positions)),
        today=today(
            realized=state.balance.realized_pnl if state.balance else None,
            trade_date=state.balance.trade_date if state.balance else None,
            has_open_positions=questions.has_open_positions(state.open_positions),
            now=now,
        ),
    )


def net_liq(*, cash: Decimal | None, has_open_positions: bool) -> Answer:
    """What the account would be worth if everything were closed now."""
    if cash is None:
        return Answer(None, "Unknown: Tradovate has not sent a cash balance for this account.")
    if has_open_positions:
        why = "Positions are open, and Tradovate does not send us what they are worth: this is the cash alone."
        return Answer(cash, why, is_exact=False)
    return Answer(cash, "No position is open, so it equals the cash.")


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
        return Answer(realized, "Of closed trades; what is open comes on top.", is_exact=False)
    return Answer(realized, f"Closed trades of the session of {session:%b %d}.")


def _may_trade(state: AccountState, own: Sequence[TradingPermission], *, now: datetime) -> Lock:
    status, account = state.risk_status, state.account
    owns_it_without_permission = not own and account.user_id is not None
    return questions.lock_state(
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
        now=now,
    )


def _usd(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace("-", "−")
