"""What the mirrors know of an account: money, limits, locks, room left. For pages, lists and previews alike.

queries/accounts.py loads summaries.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple, TypedDict

from vendor_admin.mirrors.models import (
    Account,
    AccountRiskStatus,
    CashBalance,
    PlatformUser,
    Position,
    TradingPermission,
)
from vendor_admin.mirrors.rules import room_left
from vendor_admin.mirrors.rules.archiving import Countdown, archiving_countdown
from vendor_admin.mirrors.rules.drawdown import NO_DRAWDOWN, Drawdown, Mode, Terms
from vendor_admin.mirrors.rules.drawdown_effect import Effect, WhyUnknown
from vendor_admin.mirrors.rules.room_left import Answer, Room
from vendor_admin.mirrors.rules.trading_locks import TradingLock, lock_state
from vendor_admin.tradovate.permission_status import is_in_force
from vendor_admin.tradovate.trading_calendar import session_date


class AccountColumns(NamedTuple):
    """What a summary asks about an account itself, without a model."""

    organization_id: int
    environment: str
    entity_id: int
    name: str | None
    user_id: int | None
    evaluation_size: Decimal | None
    active: bool | None
    archived: bool | None
    closed: bool | None
    restricted: bool | None
    readonly: bool | None

    def __str__(self) -> str:
        return self.name or f"account {self.entity_id}"


class BalanceColumns(NamedTuple):
    """The cash of an account in one currency, without a model."""

    account_id: int | None
    currency_id: int | None
    amount: Decimal | None
    amount_sod: Decimal | None
    trade_date: date | None
    realized_pnl: Decimal | None
    week_realized_pnl: Decimal | None
    received_at: datetime


class RiskStatusColumns(NamedTuple):
    """What locks an account, and the peak of its drawdown, without a model."""

    entity_id: int
    admin_action: str | None
    liquidate_only: datetime | None
    user_triggered_liq_only: bool | None
    max_net_liq: Decimal | None


class _Session(TypedDict):
    """What a balance's profit or loss is of."""

    has_open_positions: bool
    trade_date: date | None
    today: date


@dataclass
class AccountSummary:
    """One account's balances (by currency), limits, lock, floor and room.

    What the platform has not sent is None or empty.
    `permissions` and `members` are None and empty where they were not loaded: the lock is then told without them.
    `auto_liq` is a row of userAccountAutoLiq or a named tuple with its columns.
    """

    account: Account | AccountColumns
    now: datetime
    balances: Sequence[CashBalance | BalanceColumns] = ()
    currency: str = ""
    risk_status: AccountRiskStatus | RiskStatusColumns | None = None
    auto_liq: Any = None  # named tuples of all columns have no type of their own
    open_positions: list[Position] = field(default_factory=list)
    has_open_positions: bool = False
    permissions: list[TradingPermission] | None = None
    members: list[PlatformUser] = field(default_factory=list)
    changed_at: datetime | None = None

    def __str__(self) -> str:
        return str(self.account)

    @property
    def is_over(self) -> bool:
        """Whether it is closed or archived: nothing happens there any more."""
        return bool(self.account.closed or self.account.archived)

    @property
    def balance(self) -> CashBalance | BalanceColumns | None:
        """The balance that the limits are about: the one that moved last, if the account has several currencies."""
        return max(self.balances, key=lambda balance: balance.received_at, default=None)

    @property
    def amount(self) -> Decimal | None:
        """The cash that the limits are about."""
        return self.balance.amount if self.balance else None

    @property
    def peak(self) -> Decimal | None:
        """The highest net liquidation value, from which the drawdown is measured."""
        return self.risk_status.max_net_liq if self.risk_status else None

    def effect_of(
        self, *, amount: Decimal | None = None, peak: Decimal | None = None, terms: Terms | None = None
    ) -> Effect:
        """What another balance, peak or drawdown does to the account; None leaves it as it is.

        Terms without a drawdown take the drawdown away.
        """
        new_terms = self.terms if terms is None else terms
        new_terms = new_terms if new_terms is not None and new_terms.drawdown else None
        if new_terms is None and self.terms is None:
            return Effect(None, None)
        if len(self.balances) > 1:
            return Effect(None, None, why_unknown=WhyUnknown.SEVERAL_CURRENCIES)
        new_amount = self.only_amount() if amount is None else amount
        new_peak = self.peak if peak is None else peak
        if new_amount is None or new_peak is None:
            return Effect(None, None, why_unknown=WhyUnknown.PEAK_NOT_SENT)
        if new_terms is None:
            return Effect(self.drawdown(), None)
        after = Drawdown(new_terms, peak=new_peak, net_liq=new_amount).after_max_net_liq(new_peak)
        return Effect(self.drawdown(), after)

    def balance_in(self, currency_id: int) -> CashBalance | BalanceColumns | None:
        """The cash in one currency."""
        return next((balance for balance in self.balances if balance.currency_id == currency_id), None)

    def only_amount(self) -> Decimal | None:
        """The cash, of an account with one currency."""
        return self.balances[0].amount if len(self.balances) == 1 else None

    @cached_property
    def terms(self) -> Terms | None:
        """The trailing drawdown that is set; None if there is none."""
        return Terms.of(self.auto_liq, starting_balance=self.account.evaluation_size)

    @property
    def follows_at_end_of_day(self) -> bool:
        """Whether the peak of its drawdown rises only when a day ends."""
        return self.terms is not None and self.terms.mode is Mode.END_OF_DAY

    def drawdown(self) -> Drawdown | None:
        """Where the account stands by its cash; None without a drawdown, or where a part of it is not known."""
        amount = self.only_amount()
        if self.terms is None or amount is None or self.peak is None:
            return None
        return Drawdown(self.terms, peak=self.peak, net_liq=amount)

    def standing_at(self, amount: Decimal) -> Drawdown:
        """The drawdown for an amount of cash, to follow the peak also where none is set; needs a known peak."""
        return Drawdown(self.terms or NO_DRAWDOWN, peak=self.peak or Decimal(0), net_liq=amount)

    @cached_property
    def floor(self) -> Answer:
        """The net liquidation value at which the trailing drawdown closes the account."""
        return room_left.drawdown_floor(self.terms, peak=self.peak)

    @cached_property
    def rooms(self) -> list[Room]:
        """What each loss limit leaves."""
        limits, balance = self.auto_liq, self.balance
        session = _Session(
            has_open_positions=self.has_open_positions,
            trade_date=balance.trade_date if balance else None,
            today=session_date(self.now),
        )
        return [
            room_left.room_left(
                self.terms, peak=self.peak, balance=self.amount, has_open_positions=self.has_open_positions
            ),
            room_left.daily_room_left(
                daily_loss_auto_liq=limits.daily_loss_auto_liq if limits else None,
                realized_pnl=balance.realized_pnl if balance else None,
                **session,
            ),
            room_left.weekly_room_left(
                weekly_loss_auto_liq=limits.weekly_loss_auto_liq if limits else None,
                realized_pnl=balance.week_realized_pnl if balance else None,
                **session,
            ),
            room_left.unknown_percent_room(limits.daily_loss_percentage_auto_liq if limits else None),
        ]

    @cached_property
    def room(self) -> Room:
        """What the limit leaves that acts first."""
        return room_left.first_to_act(self.rooms)

    @property
    def other_rooms(self) -> list[Room]:
        """What the limits leave that act later than the first one."""
        return [room for room in self.rooms if room.is_set and room.limit != self.room.limit]

    @property
    def room_title(self) -> str:
        """What the room left is called: the profit or loss of open positions is never in it."""
        return "Loss room left, before open P&L" if self.has_open_positions else "Loss room left"

    @property
    def room_tone(self) -> str:
        """good, warn (below a half) or bad (below a fifth)."""
        share = self.room.share
        if share is None:
            return "calm"
        return "good" if share >= 50 else "warn" if share >= 20 else "bad"

    @property
    def has_no_limit(self) -> bool:
        """Whether the platform sent the account's limits, and none of them bounds a loss."""
        return self.auto_liq is not None and not self.room.is_set

    @property
    def trader_statuses(self) -> list[str | None]:
        """The statuses of the users who may trade it by a permission in force; None where one is not known."""
        statuses = {member.entity_id: member.status for member in self.members}
        traders = {row.user_id for row in self.permissions or () if is_in_force(row.status)}
        return [statuses.get(user_id) for user_id in traders if user_id is not None]

    @cached_property
    def lock(self) -> TradingLock:
        """Whether it may be traded, and why not."""
        permissions = self.permissions
        return self.lock_by(
            permission_statuses=None if permissions is None else [row.status for row in permissions],
            trader_statuses=self.trader_statuses,
        )

    def lock_by(
        self, *, permission_statuses: Sequence[str | None] | None, trader_statuses: Sequence[str | None]
    ) -> TradingLock:
        """The lock as it is by some of the account's permissions (None: do not look at them)."""
        status, account = self.risk_status, self.account
        return lock_state(
            admin_action=status.admin_action if status else None,
            liquidate_only=status.liquidate_only if status else None,
            user_triggered_liq_only=status.user_triggered_liq_only if status else None,
            is_active=account.active,
            is_closed=account.closed,
            is_restricted=account.restricted,
            is_readonly=account.readonly,
            is_archived=account.archived,
            is_known=status is not None,
            permission_statuses=permission_statuses,
            trader_statuses=trader_statuses,
            now=self.now,
        )

    @cached_property
    def archiving(self) -> Countdown | None:
        """How long the platform keeps an account whose permissions are gone."""
        return archiving_countdown(self.permissions or (), is_archived=self.account.archived, now=self.now)
