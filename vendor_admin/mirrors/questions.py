"""Pure questions about mirrored accounts: the drawdown floor, the room that is left, locks, open positions.

No Django here. Amounts are Decimal in the account's currency. Where the mirrors do not tell, the answer is unknown and
says why. Sources: the platform's documents on userAccountAutoLiq (trailing drawdown: peak less the drawdown; a limit is
the level where it stops to rise; without one it stops at the starting balance) and on accountRiskStatus (adminAction).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import Protocol

from vendor_admin.mirrors.drawdown import Terms


@dataclass(frozen=True)
class Answer:
    """An amount, or None where it is not known, and the reason in a sentence. `is_exact` is False for an estimate."""

    amount: Decimal | None
    why: str
    is_exact: bool = True


@dataclass(frozen=True)
class Lock:
    """Whether an account may trade. `summary` in a few words, `why` in sentences, `answer` to "May it trade?"."""

    is_locked: bool
    summary: str
    why: tuple[str, ...] = ()
    answer: str = "Unknown"


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
_IN_FORCE = {"Accepted", "Approved"}
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
        return Answer(None, "No trailing drawdown is set for this account.")
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


def room_left(*, floor: Answer, balance: Decimal | None, has_open_positions: bool) -> Answer:
    """How much may be lost before the drawdown floor is reached, without the profit or loss of open positions."""
    if floor.amount is None:
        return Answer(None, floor.why)
    if balance is None:
        return Answer(None, "Unknown: the platform has not sent a cash balance for this account.")
    left = balance - floor.amount
    why = f"Cash {_usd(balance)} less floor {_usd(floor.amount)}."
    if left <= 0:
        why += " The floor is reached."
    if has_open_positions:
        return Answer(left, f"{why} Positions are open: their profit or loss is not in it.", is_exact=False)
    return Answer(left, why)


def daily_room_left(
    *, daily_loss_auto_liq: Decimal | None, realized_pnl: Decimal | None, has_open_positions: bool
) -> Answer:
    """How much may be lost today before the daily loss limit acts."""
    if not daily_loss_auto_liq:
        return Answer(None, "No daily loss limit in dollars is set for this account.")
    if realized_pnl is None:
        return Answer(None, "Unknown: the platform has not sent today's realized profit or loss.")
    why = f"Daily loss limit {_usd(daily_loss_auto_liq)}, realized {_usd(realized_pnl)} in the balance's session."
    if has_open_positions:
        return Answer(daily_loss_auto_liq + realized_pnl, f"{why} Open profit or loss is not in it.", is_exact=False)
    return Answer(daily_loss_auto_liq + realized_pnl, why)


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
    now: datetime,
) -> Lock:
    """Whether an account may trade, and why not: from accountRiskStatus (`is_known`: it was received), account, and the
    statuses of its trading permissions (None: do not look at them).
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
    if _IN_FORCE.intersection(statuses):
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


def _judged(found: list[_Found]) -> Lock:
    if not found:
        return Lock(False, "open", ("No lock is set.",), "Yes")
    effect, summary, _ = min(found, key=lambda one: one[0])
    answers = {
        _Effect.NO: f"No: {summary}",
        _Effect.CLOSING_ONLY: "Only to close positions",
        _Effect.UNKNOWN: "Unknown",
        _Effect.NOTE: f"Yes: {summary}",
    }
    return Lock(effect <= _Effect.CLOSING_ONLY, summary, tuple(one[2] for one in found), answers[effect])


def _usd(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace("-", "−")
