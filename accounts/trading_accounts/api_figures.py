"""What the partner API says of an account's money: each figure in values, in words, and how old it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from rest_framework import serializers

from vendor_admin.mirrors.queries.account_summary import AccountSummary
from vendor_admin.mirrors.rules.room_left import (
    DAILY_LOSS,
    DAILY_LOSS_PERCENT,
    DRAWDOWN,
    WEEKLY_LOSS,
    Answer,
    Room,
)
from vendor_admin.mirrors.rules.trading_locks import MayTrade
from vendor_admin.partner_api.reading.fields import Amount, Choice, Day, Flag, Moment, Whole, Word
from vendor_admin.partner_api.reading.resources import Resource

LIMITS = {
    DRAWDOWN: "trailing_drawdown",
    DAILY_LOSS: "daily_loss",
    WEEKLY_LOSS: "weekly_loss",
    DAILY_LOSS_PERCENT: "daily_loss_percent",
}
NO_LIMIT = "none"


class Aged(Resource):
    """What every figure says of its age."""

    changed_at = Moment(
        allow_null=True, help_text="When the platform last told something that the figure is made of; null: never."
    )
    age_seconds = Whole(allow_null=True, help_text="How many seconds ago that was.")


class AccountBalance(Aged):
    """The cash that the limits are about: of several currencies, the one that moved last."""

    amount = Amount(allow_null=True, help_text="The cash, without the profit or loss of open positions.")
    currency = Word(allow_null=True, help_text="The currency, for example USD.")
    start_of_day = Amount(allow_null=True, help_text="The cash at the start of the trade date.")
    realized_pnl = Amount(allow_null=True, help_text="The profit or loss that was realized on the trade date.")
    week_realized_pnl = Amount(allow_null=True, help_text="The same, of the week.")
    trade_date = Day(allow_null=True, help_text="The trade date that these are of.")


class AccountFloor(Aged):
    """Where the trailing drawdown closes the account."""

    amount = Amount(allow_null=True, help_text="The net liquidation value; null where none is set or it is not known.")
    is_set = Flag(help_text="Whether a trailing drawdown is set.")
    text = Word(help_text="How it comes about, or why it is not known, in words.")


class LimitRoom(Resource):
    """What one limit leaves."""

    limit = Choice([*LIMITS.values(), NO_LIMIT], help_text="The limit; none where no limit is known.")
    amount = Amount(allow_null=True, help_text="What may be lost before it acts; null where that is not known.")
    size = Amount(allow_null=True, help_text="The loss that it allows in all.")
    is_set = Flag(help_text="Whether such a limit is set.")
    is_exact = Flag(help_text="false for an estimate: open positions are not in it, or another limit is not known.")
    text = Word(help_text="How it comes about, or why it is not known, in words.")


class AccountRoom(Aged, LimitRoom):
    """What may be lost before the first limit acts."""

    limits = LimitRoom(many=True, help_text="What each limit that is set leaves.")


class AccountTrading(Aged):
    """Whether the account may be traded, and why not."""

    answer = Choice([one.value for one in MayTrade], help_text="yes, closing_only, no, or unknown.")
    summary = Word(help_text="The state in a few words, for example open, locked, archived.")
    reasons = serializers.ListField(child=Word(), help_text="Everything that is known about it, in sentences.")


@dataclass(frozen=True)
class AmountAndWords:
    """A figure as it is written."""

    answer: Answer
    changed_at: datetime | None
    age_seconds: int | None

    @property
    def amount(self) -> Decimal | None:
        return self.answer.amount

    @property
    def is_set(self) -> bool:
        return self.answer.is_set

    @property
    def text(self) -> str:
        return self.answer.why


@dataclass(frozen=True)
class RoomAndWords(AmountAndWords):
    """The room that a limit leaves, as it is written."""

    answer: Room
    limits: "tuple[RoomAndWords, ...]" = ()

    @property
    def limit(self) -> str:
        return LIMITS.get(self.answer.limit, NO_LIMIT)

    @property
    def size(self) -> Decimal | None:
        return self.answer.size

    @property
    def is_exact(self) -> bool:
        return self.answer.is_exact


@dataclass(frozen=True)
class TradingAnswer:
    """Whether it may be traded, as it is written."""

    answer: str
    summary: str
    reasons: tuple[str, ...]
    changed_at: datetime | None
    age_seconds: int | None


class Figures:
    """The figures of one account, from its summary."""

    def __init__(self, summary: AccountSummary) -> None:
        self.summary = summary

    @cached_property
    def balance(self) -> dict[str, Any] | None:
        """What AccountBalance is made of; None where no balance is known."""
        return self.summary.balance and _Balance(self.summary)  # type: ignore[return-value]

    @cached_property
    def floor(self) -> AmountAndWords:
        return AmountAndWords(self.summary.floor, *self._age(self.summary.risk_status, self.summary.auto_liq))

    @cached_property
    def room(self) -> RoomAndWords:
        summary = self.summary
        limits = tuple(RoomAndWords(room, None, None) for room in summary.rooms if room.is_set)
        parts = (summary.risk_status, summary.auto_liq, summary.balance, *summary.open_positions)
        return RoomAndWords(summary.room, *self._age(*parts), limits=limits)

    @cached_property
    def trading(self) -> TradingAnswer:
        summary = self.summary
        parts = (summary.account, summary.risk_status, *(summary.permissions or ()))
        return TradingAnswer(summary.lock.may_trade.value, summary.lock.summary, summary.lock.why, *self._age(*parts))

    def _age(self, *parts: Any) -> tuple[datetime | None, int | None]:
        return age_of(parts, now=self.summary.now)


class _Balance:
    """The balance that the limits are about, as it is written."""

    def __init__(self, summary: AccountSummary) -> None:
        balance: Any = summary.balance
        self.amount = balance.amount
        self.currency = summary.currency or None
        self.start_of_day = balance.amount_sod
        self.realized_pnl = balance.realized_pnl
        self.week_realized_pnl = balance.week_realized_pnl
        self.trade_date = balance.trade_date
        self.changed_at, self.age_seconds = age_of([balance], now=summary.now)


def age_of(parts: Iterable[Any], *, now: datetime) -> tuple[datetime | None, int | None]:
    """When the platform last told something of these, and how many seconds ago that was."""
    changed_at = max((part.received_at for part in parts if part is not None), default=None)
    return changed_at, None if changed_at is None else max(0, int((now - changed_at).total_seconds()))
