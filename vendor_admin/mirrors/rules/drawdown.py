"""Trailing drawdown as the platform reckons it: peak, floor, room, and what a change of either does to them.

The floor is the peak less the drawdown. It rises with the peak and stops at the limit; without a limit it stops at the
starting balance (the platform's documents on userAccountAutoLiq). The peak is accountRiskStatus.maxNetLiq: in real time
it follows every net liquidation value, else the one at the end of each day; the floor acts at any time in both cases.
A balance change moves the peak by the same amount (documents on changeDemoBalance), updateMaxNetLiq sets it.
Pure; all amounts are Decimal in the account's currency.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Protocol


class Mode(StrEnum):
    """When the peak follows, in the platform's words."""

    END_OF_DAY = "EOD"
    REAL_TIME = "RealTime"

    @property
    def pace(self) -> str:
        """When the peak follows, in words."""
        return "in real time" if self is Mode.REAL_TIME else "at the end of each day"


class HasDrawdown(Protocol):
    """The fields of userAccountAutoLiq that a trailing drawdown consists of."""

    @property
    def trailing_max_drawdown(self) -> Decimal | None: ...
    @property
    def trailing_max_drawdown_limit(self) -> Decimal | None: ...
    @property
    def trailing_max_drawdown_mode(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed for an account. `limit` is the level at which the floor stops; zero means there is none.

    `mode` is None where the platform names none that is known: the peak is then taken to follow in real time, which
    never shows more room than there is.
    """

    drawdown: Decimal
    mode: Mode | None = Mode.END_OF_DAY
    limit: Decimal | None = None
    starting_balance: Decimal | None = None

    @classmethod
    def of(cls, settings: HasDrawdown | None, *, starting_balance: Decimal | None) -> "Terms | None":
        """Read the trailing drawdown of an account's settings; None if none is set."""
        if settings is None or not settings.trailing_max_drawdown:
            return None
        mode = settings.trailing_max_drawdown_mode
        return cls(
            drawdown=settings.trailing_max_drawdown,
            mode=Mode(mode) if mode in frozenset(Mode) else None,
            limit=settings.trailing_max_drawdown_limit,
            starting_balance=starting_balance,
        )

    @property
    def ceiling(self) -> Decimal | None:
        """The level at which the floor stops to rise; None if neither limit nor starting balance is known."""
        return self.limit or self.starting_balance or None

    def floor_at(self, peak: Decimal) -> Decimal:
        """The net liquidation value at which the account is closed, for a peak."""
        trailing, ceiling = peak - self.drawdown, self.ceiling
        return trailing if ceiling is None else min(trailing, ceiling)


NO_DRAWDOWN = Terms(Decimal(0), Mode.REAL_TIME)
"""For accounts without a drawdown, whose highest net liquidation value is kept all the same."""


@dataclass(frozen=True, slots=True)
class Drawdown:
    """Where an account stands. Every verb returns the state after it; nothing is changed in place."""

    terms: Terms
    peak: Decimal
    net_liq: Decimal

    @classmethod
    def at_start(cls, terms: Terms, balance: Decimal) -> "Drawdown":
        """A new account: its balance is its peak."""
        return cls(terms, peak=balance, net_liq=balance)

    @property
    def floor(self) -> Decimal:
        """The net liquidation value at which the account is closed."""
        return self.terms.floor_at(self.peak)

    @property
    def room(self) -> Decimal:
        """How much may be lost from here; zero or less once the floor is reached."""
        return self.net_liq - self.floor

    @property
    def is_reached(self) -> bool:
        """Whether the account is to be closed."""
        return self.room <= 0

    def after_trading(self, net_liq: Decimal) -> "Drawdown":
        """The net liquidation value moved during the day."""
        return replace(self, net_liq=net_liq)._followed()

    def after_end_of_day(self) -> "Drawdown":
        """The day ended: the peak follows in both modes."""
        return replace(self, peak=max(self.peak, self.net_liq))

    def after_balance_change(self, change: Decimal) -> "Drawdown":
        """Money was added or taken: the peak moves along, so the room stays the same until the floor stops."""
        return replace(self, peak=self.peak + change, net_liq=self.net_liq + change)._followed()

    def after_max_net_liq(self, peak: Decimal) -> "Drawdown":
        """updateMaxNetLiq set the peak. Unless it waits for the end of the day, a peak below the net liquidation value
        rises to it at once.
        """
        return replace(self, peak=peak)._followed()

    def _followed(self) -> "Drawdown":
        if self.terms.mode is Mode.END_OF_DAY:
            return self
        return replace(self, peak=max(self.peak, self.net_liq))
