"""Pure questions about mirrored accounts: the drawdown floor, the room that is left, locks, open positions.

No Django here. Amounts are Decimal in the account's currency. Where the mirrors do not tell, the answer is unknown and
says why. Sources: the platform's documents on userAccountAutoLiq (trailing drawdown: peak less the drawdown; a limit is
the level where it stops to rise; without one it stops at the starting balance) and on accountRiskStatus (adminAction).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Protocol

from vendor_admin.mirrors.rules.drawdown import Terms
from vendor_admin.tradovate.trading_calendar import first_session_of_week


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


@dataclass(frozen=True)
class TradingLock:
    """Whether an account may trade. `summary` in a few words, `why` in sentences, `answer` to "May it trade?".

    `is_open`: nothing is known that keeps it from trading. Neither that nor locked is what nobody knows.
    """

    is_locked: bool
    summary: str
    why: tuple[str, ...] = ()
    answer: str = "Unknown"
    is_open: bool = False

    @property
    def tone(self) -> str:
        """The colour of its badge: "good", "warn" or "bad"."""
        if self.is_locked:
            return "bad"
        return "good" if self.is_open else "warn"


class _Effect(IntEnum):
    """What a fact means for trading, the gravest first."""

    NO = 1
    CLOSING_ONLY = 2
    UNKNOWN = 3
    NOTE = 4


_Found = tuple[_Effect, str, str]  # effect, summary, sentence


class HasNetPosition(Protocol):
    @property
    def net_pos(self) -> int | None: ...


_ADMIN_ACTIONS: dict[str, _Found] = {
    "LockTradingImmediately": (_Effect.NO, "locked", "An admin locked trading; positions stay. It does not expire."),
    "LiquidateImmediately": (_Effect.NO, "liquidated", "An admin liquidated and locked it. It does not expire."),
    "LiquidateOnlyModeImmediately": (
        _Effect.CLOSING_ONLY, "closing only", "An admin allows closing orders only. It does not expire."
    ),
    "AgreedOnLiqOnlyModeByAutoLiq": (
        _Effect.CLOSING_ONLY, "closing only", "Auto-liq set the account to closing orders only."
    ),
    "AgreedOnLiquidationByAutoLiq": (_Effect.NO, "liquidated", "Auto-liq liquidated the account."),
    "PlaceAutoLiqOnHold": (_Effect.NOTE, "auto-liq on hold", "An admin put auto-liq on hold: limits do not act."),
    "DisableAutoLiq": (_Effect.NOTE, "auto-liq off", "An admin disabled auto-liq: limits do not act."),
}  # fmt: skip
# Statuses of a trading permission. A vendor's own permissions are in force at once (createEvaluationAccounts,
# createTradingPermission); the others were requested of an account's holder.
IN_FORCE = frozenset({"Accepted", "Approved"})
DRAWDOWN, DAILY_LOSS, WEEKLY_LOSS = "trailing drawdown", "daily loss limit", "weekly loss limit"
NO_LOSS_LIMIT = "No loss limit is known for this account."
# Statuses of a user that keep them from trading, whatever permissions they have.
_MAY_NOT_TRADE = {
    "Closed": ("member closed", "The platform closed the user"),
    "TemporaryLocked": ("member locked", "The platform locked the user for a time"),
    "UnconfirmedEmail": ("member not confirmed", "The user has not confirmed the e-mail address"),
    "Initiated": ("member not confirmed", "The user has not confirmed the e-mail address"),
}
_NOT_IN_FORCE = {"Requested": "not approved yet", "Declined": "declined", "Revoked": "revoked"}


def has_open_positions(positions: Iterable[HasNetPosition]) -> bool:
    """Whether any position is not flat."""
    return any(position.net_pos for position in positions)


def drawdown_floor(
    *,
    max_net_liq: Decimal | None,
    trailing_max_drawdown: Decimal | None,
    trailing_max_drawdown_limit: Decimal | None = None,
    mode: str | None = None,
    starting_balance: Decimal | None = None,
) -> Answer:
    """The net liquidation value at which the trailing drawdown closes the account."""
    if not trailing_max_drawdown:
        return Answer(None, "No trailing drawdown is set for this account.", is_set=False)
    if max_net_liq is None:
        return Answer(None, "Unknown: the platform has not sent the account's highest net liquidation value.")
    pace = {"EOD": "at the end of each day", "RealTime": "in real time"}.get(mode or "", "")
    why = f"Highest net liquidation value {_usd(max_net_liq)} less drawdown {_usd(trailing_max_drawdown)}"
    why += f", followed {pace}." if pace else "."
    terms = Terms(trailing_max_drawdown, limit=trailing_max_drawdown_limit, starting_balance=starting_balance)
    floor = terms.floor_at(max_net_liq)
    if floor == max_net_liq - trailing_max_drawdown:
        return Answer(floor, why)
    if trailing_max_drawdown_limit:
        return Answer(floor, f"{why} It stops to rise at {_usd(floor)}.")
    return Answer(floor, f"{why} Without a limit it stops at the starting balance {_usd(floor)}.")


def room_left(
    *, floor: Answer, balance: Decimal | None, has_open_positions: bool, drawdown: Decimal | None = None
) -> Room:
    """How much may be lost before the drawdown floor is reached, without the profit or loss of open positions."""
    if floor.amount is None:
        return Room(None, floor.why, is_set=floor.is_set, limit=DRAWDOWN)
    if balance is None:
        why = "Unknown: the platform has not sent a cash balance for this account."
        return Room(None, why, limit=DRAWDOWN)
    left = balance - floor.amount
    why = f"Cash {_usd(balance)} less floor {_usd(floor.amount)}."
    if left <= 0:
        why += " The floor is reached."
    return _before_open_positions(Room(left, why, limit=DRAWDOWN, size=drawdown), has_open_positions)


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
    limit = f"{DAILY_LOSS} in percent"
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


def may_not_trade(user_status: str | None) -> str:
    """Why a user may trade nothing, whatever permissions there are; empty where the user's status allows it."""
    return _MAY_NOT_TRADE[user_status][1] if user_status in _MAY_NOT_TRADE else ""


def lock_state(
    *,
    admin_action: str | None,
    liquidate_only: datetime | None,
    user_triggered_liq_only: bool | None,
    is_active: bool | None = None,
    is_closed: bool | None = None,
    is_restricted: bool | None = None,
    is_readonly: bool | None = None,
    is_archived: bool | None = None,
    is_known: bool = True,
    permission_statuses: Sequence[str | None] | None = None,
    trader_statuses: Sequence[str | None] = (),
    now: datetime,
) -> TradingLock:
    """Whether an account may trade, and why not: from accountRiskStatus (`is_known`: it was received), account, the
    statuses of its trading permissions (None: do not look at them) and those of the users who may trade it by them.
    """
    flags = (
        (is_archived, "archived", "The account is archived."),
        (is_closed, "closed", "The account is closed."),
        (is_active is False, "inactive", "The account is not active."),
        (is_restricted, "restricted", "The platform restricts the account."),
        (is_readonly, "read-only", "The account may be looked at but not traded."),
    )
    found: list[_Found] = [(_Effect.NO, summary, text) for is_set, summary, text in flags if is_set]
    if permission_statuses is not None:
        found += _permission_problem(permission_statuses)
    if trader_statuses and all(may_not_trade(status) for status in trader_statuses):
        found += [
            (_Effect.NO, _MAY_NOT_TRADE[status][0], f"{_MAY_NOT_TRADE[status][1]}: nobody may trade it.")
            for status in dict.fromkeys(filter(None, trader_statuses))
        ]
    if admin_action and admin_action != "Normal":
        found.append(_ADMIN_ACTIONS.get(admin_action, (_Effect.NO, admin_action, f"Admin action {admin_action}.")))
    if liquidate_only is not None:
        who = "the trader" if user_triggered_liq_only else "a limit or an admin"
        tense = "was set" if liquidate_only <= now else "will be set"
        text = f"The account {tense} to closing orders only by {who}."
        found.append((_Effect.CLOSING_ONLY, "closing only", text))
    if not is_known:
        found.append((_Effect.UNKNOWN, "unknown", "The platform has not sent a risk status for this account."))
    return _judged(found)


def _permission_problem(statuses: Sequence[str | None]) -> list[_Found]:
    """What is wrong with an account's trading permissions, if none of them is in force."""
    if IN_FORCE.intersection(statuses):
        return []
    if not statuses:
        text = "No trading permission is known: through your organization nobody can trade it."
        return [(_Effect.UNKNOWN, "no permission", text)]
    known = [status for status in statuses if status in _NOT_IN_FORCE]
    if len(known) < len(statuses):
        text = "The platform has not sent a status of its trading permission that is known here."
        return [(_Effect.UNKNOWN, "permission unknown", text)]
    words = list(dict.fromkeys(known))
    if len(statuses) == 1:
        text = f"Its only trading permission is {words[0]}: nobody may trade it until one is in force."
    else:
        text = f"None of its {len(statuses)} trading permissions is in force ({', '.join(words)}): nobody may trade it."
    if words == ["Revoked"]:
        text += " The platform archives an account some ten days after its last permission is gone."
    summary = next(summary for status, summary in _NOT_IN_FORCE.items() if status in words)
    return [(_Effect.NO, summary, text)]


def _judged(found: list[_Found]) -> TradingLock:
    if not found:
        return TradingLock(False, "open", ("No lock is set.",), "Yes", is_open=True)
    effect, summary, _ = min(found, key=lambda one: one[0])
    answers = {
        _Effect.NO: f"No: {summary}",
        _Effect.CLOSING_ONLY: "Only to close positions",
        _Effect.UNKNOWN: "Unknown",
        _Effect.NOTE: f"Yes: {summary}",
    }
    return TradingLock(effect <= _Effect.CLOSING_ONLY, summary, tuple(one[2] for one in found), answers[effect])


def _usd(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace("-", "−")
