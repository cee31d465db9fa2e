"""What an account may lose before its limits act: the drawdown's floor, the room that each limit leaves. Pure.

Amounts are Decimal in the account's currency. Where the mirrors do not tell, the answer is unknown and says why.
Source: the platform's document on userAccountAutoLiq.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Protocol

from vendor_admin.mirrors.rules.drawdown import Drawdown, Terms
from vendor_admin.tradovate.trading_calendar import first_session_of_week

DRAWDOWN, DAILY_LOSS, WEEKLY_LOSS = "trailing drawdown", "daily loss limit", "weekly loss limit"
DAILY_LOSS_PERCENT = f"{DAILY_LOSS} in percent"
NO_LOSS_LIMIT = "No loss limit is known for this account."


@dataclass(frozen=True)
class Answer:
    """An amount, or None where it is not known, and the reason in a sentence. `is_exact` is False for an estimate,
    `is_set` where there is nothing to be known.
    """

    amount: Decimal | None
    why: str
    is_exact: bool = True
    is_set: bool = True


@dataclass(frozen=True)
class Room(Answer):
    """What may be lost before a limit acts. `limit` names it, `size` is the loss that it allows in all."""

    limit: str = ""
    size: Decimal | None = None

    @property
    def share(self) -> int | None:
        """What is left of the limit in percent, 0 to 100, for a bar."""
        if self.amount is None or not self.size:
            return None
        return int(max(Decimal(0), min(Decimal(100), self.amount / self.size * 100)))


class HasNetPosition(Protocol):
    @property
    def net_pos(self) -> int | None: ...


def has_open_positions(positions: Iterable[HasNetPosition]) -> bool:
    """Whether any position is not flat."""
    return any(position.net_pos for position in positions)


def drawdown_floor(terms: Terms | None, *, peak: Decimal | None) -> Answer:
    """The net liquidation value at which the trailing drawdown closes the account."""
    if terms is None:
        return Answer(None, "No trailing drawdown is set for this account.", is_set=False)
    if peak is None:
        return Answer(None, "Unknown: the platform has not sent the account's highest net liquidation value.")
    why = f"Highest net liquidation value {_usd(peak)} less drawdown {_usd(terms.drawdown)}"
    why += f", followed {terms.mode.pace}." if terms.mode else "."
    floor = terms.floor_at(peak)
    if floor == peak - terms.drawdown:
        return Answer(floor, why)
    if terms.limit:
        return Answer(floor, f"{why} It stops to rise at {_usd(floor)}.")
    return Answer(floor, f"{why} Without a limit it stops at the starting balance {_usd(floor)}.")


def room_left(terms: Terms | None, *, peak: Decimal | None, balance: Decimal | None, has_open_positions: bool) -> Room:
    """How much may be lost before the drawdown floor is reached, without the profit or loss of open positions."""
    if terms is None or peak is None:
        floor = drawdown_floor(terms, peak=peak)
        return Room(None, floor.why, is_set=floor.is_set, limit=DRAWDOWN)
    if balance is None:
        why = "Unknown: the platform has not sent a cash balance for this account."
        return Room(None, why, limit=DRAWDOWN)
    drawdown = Drawdown(terms, peak=peak, net_liq=balance)
    why = f"Cash {_usd(balance)} less floor {_usd(drawdown.floor)}."
    if drawdown.is_reached:
        why += " The floor is reached."
    return _before_open_positions(Room(drawdown.room, why, limit=DRAWDOWN, size=terms.drawdown), has_open_positions)


def daily_room_left(
    *,
    daily_loss_auto_liq: Decimal | None,
    realized_pnl: Decimal | None,
    has_open_positions: bool,
    trade_date: date | None = None,
    today: date | None = None,
) -> Room:
    """How much may be lost today before the daily loss limit acts.

    `trade_date` is the session of the realized profit or loss: one before `today` says nothing about today.
    """
    if not daily_loss_auto_liq:
        return Room(None, "No daily loss limit in dollars is set.", is_set=False, limit=DAILY_LOSS)
    if trade_date is not None and today is not None and trade_date < today:
        realized_pnl = Decimal(0)
    return _loss_room(daily_loss_auto_liq, realized_pnl, has_open_positions, limit=DAILY_LOSS, during="in this session")


def weekly_room_left(
    *,
    weekly_loss_auto_liq: Decimal | None,
    realized_pnl: Decimal | None,
    has_open_positions: bool,
    trade_date: date | None = None,
    today: date | None = None,
) -> Room:
    """How much may be lost this week, whose first session is Monday's, before the weekly loss limit acts."""
    if not weekly_loss_auto_liq:
        return Room(None, "No weekly loss limit is set.", is_set=False, limit=WEEKLY_LOSS)
    if trade_date is not None and today is not None and trade_date < first_session_of_week(today):
        realized_pnl = Decimal(0)
    return _loss_room(weekly_loss_auto_liq, realized_pnl, has_open_positions, limit=WEEKLY_LOSS, during="this week")


def unknown_percent_room(percentage: Decimal | None) -> Room:
    """A daily loss limit in percent: the platform does not say of which balance, so what it leaves is not known."""
    limit = DAILY_LOSS_PERCENT
    if not percentage:
        return Room(None, f"No {limit} is set.", is_set=False, limit=limit)
    return Room(None, f"Unknown: what the limit of {percentage.normalize():f} % leaves.", limit=limit)


def first_to_act(rooms: Sequence[Room]) -> Room:
    """The room of the limit that acts first: the least that any of them leaves, and which one that is.

    Where what another limit leaves is not known, it is an estimate: that much at most.
    """
    applying = [room for room in rooms if room.is_set]
    known = [room for room in applying if room.amount is not None]
    if not known:
        return applying[0] if applying else Room(None, NO_LOSS_LIMIT, is_set=False)
    least = min(known, key=lambda room: room.amount or Decimal(0))
    unknown = [room.limit for room in applying if room.amount is None]
    why = f"The {least.limit} acts first. {least.why}" if len(applying) > 1 else least.why
    if unknown:
        why += f" At most: what the {' and the '.join(unknown)} leaves is not known."
    return replace(least, why=why, is_exact=least.is_exact and not unknown)


def _loss_room(
    limit_amount: Decimal, realized: Decimal | None, has_open_positions: bool, *, limit: str, during: str
) -> Room:
    if realized is None:
        return Room(None, f"Unknown: the platform has not sent the profit or loss {during}.", limit=limit)
    why = f"{limit.capitalize()} {_usd(limit_amount)}, realized {_usd(realized)} {during}."
    room = Room(limit_amount + realized, why, limit=limit, size=limit_amount)
    return _before_open_positions(room, has_open_positions)


def _before_open_positions(room: Room, has_open_positions: bool) -> Room:
    if not has_open_positions:
        return room
    why = f"{room.why} Positions are open: their profit or loss is not in it."
    return replace(room, why=why, is_exact=False)


def _usd(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace("-", "−")
