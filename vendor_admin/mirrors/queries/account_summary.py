"""What the mirrors know of an account's money, limits and locks, for a whole page of accounts at once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TypedDict

from vendor_admin.mirrors.models import (
    Account,
    AccountRiskStatus,
    CashBalance,
    Currency,
    PlatformUser,
    Position,
    TradingPermission,
    UserAccountAutoLiq,
)
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.mirrors.queries.positions import open_positions
from vendor_admin.mirrors.rules import account_rules
from vendor_admin.mirrors.rules.account_rules import Answer, Room, TradingLock
from vendor_admin.mirrors.rules.archiving import Countdown, archiving_countdown
from vendor_admin.tradovate.trading_calendar import session_date

_UNKNOWN = Answer(None, "Unknown.")
_UNKNOWN_ROOM = Room(None, "Unknown.")
_POSITIONS_SHOWN = 5_000


class _Session(TypedDict):
    """What a balance's profit or loss is of."""

    has_open_positions: bool
    trade_date: date | None
    today: date


@dataclass
class AccountState:
    """One account's balances (by currency), limits, lock, floor and room, and when they last changed.

    `rooms` is what each loss limit leaves, `room` the one that acts first.
    """

    account: Account
    now: datetime
    balances: list[CashBalance] = field(default_factory=list)
    currency: str = ""
    risk_status: AccountRiskStatus | None = None
    auto_liq: UserAccountAutoLiq | None = None
    open_positions: list[Position] = field(default_factory=list)
    permissions: list[TradingPermission] = field(default_factory=list)
    members: list[PlatformUser] = field(default_factory=list)
    lock: TradingLock = field(default_factory=lambda: TradingLock(False, "unknown"))
    floor: Answer = _UNKNOWN
    rooms: list[Room] = field(default_factory=list)
    room: Room = _UNKNOWN_ROOM
    archiving: Countdown | None = None

    @property
    def changed_at(self) -> datetime:
        """When the platform last told something about the account or about one of the figures beside it."""
        parts = (self.account, self.risk_status, self.auto_liq, *self.balances, *self.permissions, *self.open_positions)
        return max(part.received_at for part in parts if part is not None)

    @property
    def balance(self) -> CashBalance | None:
        """The balance that the limits are about: the one that moved last, if the account has several currencies."""
        return max(self.balances, key=lambda one: one.received_at, default=None)

    @property
    def amount(self) -> Decimal | None:
        return self.balance.amount if self.balance else None

    @property
    def trader_statuses(self) -> list[str | None]:
        """The statuses of the users who may trade it by a permission in force; None where one is not known."""
        statuses = {member.entity_id: member.status for member in self.members}
        traders = {row.user_id for row in self.permissions if row.status in account_rules.IN_FORCE}
        return [statuses.get(user_id) for user_id in traders if user_id is not None]

    @property
    def has_open_positions(self) -> bool:
        return account_rules.has_open_positions(self.open_positions)

    @property
    def room_title(self) -> str:
        """What the room left is called: the profit or loss of open positions is never in it."""
        return "Room left, before open P&L" if self.has_open_positions else "Room left"

    @property
    def has_no_limit(self) -> bool:
        """Whether the platform sent the account's limits, and none of them bounds a loss."""
        return self.auto_liq is not None and not self.room.is_set

    @property
    def other_rooms(self) -> list[Room]:
        """What the limits leave that act later than the first one."""
        return [room for room in self.rooms if room.is_set and room.limit != self.room.limit]

    @property
    def room_tone(self) -> str:
        """good, warn (below a half) or bad (below a fifth)."""
        share = self.room.share
        if share is None:
            return "calm"
        return "good" if share >= 50 else "warn" if share >= 20 else "bad"

    def answer(self) -> None:
        """Work out lock, countdown, floor and room from what was loaded."""
        status, limits, balance = self.risk_status, self.auto_liq, self.balance
        session = _Session(
            has_open_positions=self.has_open_positions,
            trade_date=balance.trade_date if balance else None,
            today=session_date(self.now),
        )
        self.lock = account_rules.lock_state(
            admin_action=status.admin_action if status else None,
            liquidate_only=status.liquidate_only if status else None,
            user_triggered_liq_only=status.user_triggered_liq_only if status else None,
            is_active=self.account.active,
            is_closed=self.account.closed,
            is_restricted=self.account.restricted,
            is_readonly=self.account.readonly,
            is_archived=self.account.archived,
            is_known=status is not None,
            permission_statuses=[permission.status for permission in self.permissions],
            trader_statuses=self.trader_statuses,
            now=self.now,
        )
        self.archiving = archiving_countdown(self.permissions, is_archived=self.account.archived, now=self.now)
        self.floor = account_rules.drawdown_floor(
            max_net_liq=status.max_net_liq if status else None,
            trailing_max_drawdown=limits.trailing_max_drawdown if limits else None,
            trailing_max_drawdown_limit=limits.trailing_max_drawdown_limit if limits else None,
            mode=limits.trailing_max_drawdown_mode if limits else None,
            starting_balance=self.account.evaluation_size,
        )
        self.rooms = [
            account_rules.room_left(
                floor=self.floor,
                balance=self.amount,
                has_open_positions=self.has_open_positions,
                drawdown=limits.trailing_max_drawdown if limits else None,
            ),
            account_rules.daily_room_left(
                daily_loss_auto_liq=limits.daily_loss_auto_liq if limits else None,
                realized_pnl=balance.realized_pnl if balance else None,
                **session,
            ),
            account_rules.weekly_room_left(
                weekly_loss_auto_liq=limits.weekly_loss_auto_liq if limits else None,
                realized_pnl=balance.week_realized_pnl if balance else None,
                **session,
            ),
            account_rules.unknown_percent_room(limits.daily_loss_percentage_auto_liq if limits else None),
        ]
        self.room = account_rules.first_to_act(self.rooms)


def account_states(accounts: Sequence[Account], *, organization_id: int, now: datetime) -> list[AccountState]:
    """The state of each account, in their order. Eight queries, however many accounts."""
    ids = [account.entity_id for account in accounts]
    states = {(account.environment, account.entity_id): AccountState(account, now) for account in accounts}
    if not ids:
        return []
    statuses = load(AccountRiskStatus, organization_id=organization_id, ids=ids)
    limits = load(UserAccountAutoLiq, organization_id=organization_id, ids=ids)
    balances = list(CashBalance.objects.filter(organization_id=organization_id, account_id__in=ids))
    positions = open_positions(Position.objects.filter(organization_id=organization_id, account_id__in=ids))
    permissions = list(TradingPermission.objects.filter(organization_id=organization_id, account_id__in=ids))
    for name, rows in (
        ("balances", balances),
        ("open_positions", list(positions[:_POSITIONS_SHOWN])),
        ("permissions", permissions),
    ):
        for row in rows:
            if row.deleted_at is None and (state := states.get((row.environment, row.account_id))) is not None:
                getattr(state, name).append(row)
    currencies = load(Currency, organization_id=organization_id, ids=(row.currency_id for row in balances))
    user_ids = [row.user_id for row in permissions] + [account.user_id for account in accounts]
    users = load(PlatformUser, organization_id=organization_id, ids=user_ids)
    for state in states.values():
        _complete(state, statuses=statuses, limits=limits, currencies=currencies, users=users)
    return list(states.values())


def _complete(state: AccountState, *, statuses, limits, currencies, users) -> None:  # type: ignore[no-untyped-def]
    account = state.account
    status, limit = statuses.get(account.entity_id), limits.get(account.entity_id)
    state.risk_status = status if status and status.environment == account.environment else None
    state.auto_liq = limit if limit and limit.environment == account.environment else None
    if state.balance:
        currency = currencies.get(state.balance.currency_id, account.environment)
        state.currency = currency.name if currency and currency.name else ""
    holders: dict[int, PlatformUser] = defaultdict()
    for permission in state.permissions:
        if (member := users.get(permission.user_id)) is not None:
            holders[member.entity_id] = member
    if not holders and (owner := users.get(account.user_id)) is not None:
        holders[owner.entity_id] = owner
    state.members = list(holders.values())
    state.answer()
