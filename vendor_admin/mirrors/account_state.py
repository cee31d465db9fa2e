"""What the mirrors know of an account's money, limits and locks, for a whole page of accounts at once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from vendor_admin.mirrors import questions
from vendor_admin.mirrors.archiving import Countdown, archiving_countdown
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
from vendor_admin.mirrors.names import load
from vendor_admin.mirrors.positions import open_positions
from vendor_admin.mirrors.questions import Answer, Lock

_UNKNOWN = Answer(None, "Unknown.")
_POSITIONS_SHOWN = 5_000


@dataclass
class AccountState:
    """One account's balances (by currency), limits, lock, floor and room, with the age of the oldest part."""

    account: Account
    now: datetime
    balances: list[CashBalance] = field(default_factory=list)
    currency: str = ""
    risk_status: AccountRiskStatus | None = None
    auto_liq: UserAccountAutoLiq | None = None
    open_positions: list[Position] = field(default_factory=list)
    permissions: list[TradingPermission] = field(default_factory=list)
    members: list[PlatformUser] = field(default_factory=list)
    lock: Lock = field(default_factory=lambda: Lock(False, "unknown"))
    floor: Answer = _UNKNOWN
    room: Answer = _UNKNOWN
    daily_room: Answer = _UNKNOWN
    archiving: Countdown | None = None

    @property
    def balance(self) -> CashBalance | None:
        """The balance that the limits are about: the one that moved last, if the account has several currencies."""
        return max(self.balances, key=lambda one: one.received_at, default=None)

    @property
    def amount(self) -> Decimal | None:
        return self.balance.amount if self.balance else None

    @property
    def room_share(self) -> int | None:
        """Room left in percent of the drawdown, 0 to 100, for a bar."""
        drawdown = self.auto_liq.trailing_max_drawdown if self.auto_liq else None
        if self.room.amount is None or not drawdown:
            return None
        return int(max(Decimal(0), min(Decimal(100), self.room.amount / drawdown * 100)))

    @property
    def room_tone(self) -> str:
        """good, warn (below a half) or bad (below a fifth)."""
        share = self.room_share
        if share is None:
            return "calm"
        return "good" if share >= 50 else "warn" if share >= 20 else "bad"

    def answer(self) -> None:
        """Work out lock, countdown, floor and room from what was loaded."""
        status, limits, balance = self.risk_status, self.auto_liq, self.balance
        has_open = questions.has_open_positions(self.open_positions)
        self.lock = questions.lock_state(
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
            now=self.now,
        )
        self.archiving = archiving_countdown(self.permissions, is_archived=self.account.archived, now=self.now)
        self.floor = questions.drawdown_floor(
            max_net_liq=status.max_net_liq if status else None,
            trailing_max_drawdown=limits.trailing_max_drawdown if limits else None,
            trailing_max_drawdown_limit=limits.trailing_max_drawdown_limit if limits else None,
            mode=limits.trailing_max_drawdown_mode if limits else None,
            starting_balance=self.account.evaluation_size,
        )
        self.room = questions.room_left(floor=self.floor, balance=self.amount, has_open_positions=has_open)
        self.daily_room = questions.daily_room_left(
            daily_loss_auto_liq=limits.daily_loss_auto_liq if limits else None,
            realized_pnl=balance.realized_pnl if balance else None,
            has_open_positions=has_open,
        )


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
