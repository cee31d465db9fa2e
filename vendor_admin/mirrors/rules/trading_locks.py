"""Whether an account may trade, and why not. Pure.

Where the mirrors do not tell, the answer is unknown and says why. Source: the platform's document on accountRiskStatus
(adminAction).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from vendor_admin.tradovate.permission_status import PermissionStatus, is_in_force


class MayTrade(StrEnum):
    """The answer to "May it trade?", for programs."""

    YES = "yes"
    CLOSING_ONLY = "closing_only"
    NO = "no"
    UNKNOWN = "unknown"


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
    may_trade: MayTrade = MayTrade.UNKNOWN

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


_MAY_TRADE = {
    _Effect.NO: MayTrade.NO,
    _Effect.CLOSING_ONLY: MayTrade.CLOSING_ONLY,
    _Effect.UNKNOWN: MayTrade.UNKNOWN,
    _Effect.NOTE: MayTrade.YES,
}
_Found = tuple[_Effect, str, str]  # effect, summary, sentence


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
# Statuses of a user that keep them from trading, whatever permissions they have.
_MAY_NOT_TRADE = {
    "Closed": ("member closed", "The platform closed the user"),
    "TemporaryLocked": ("member locked", "The platform locked the user for a time"),
    "UnconfirmedEmail": ("member not confirmed", "The user has not confirmed the e-mail address"),
    "Initiated": ("member not confirmed", "The user has not confirmed the e-mail address"),
}
_NOT_IN_FORCE = {
    PermissionStatus.REQUESTED: "not approved yet",
    PermissionStatus.DECLINED: "declined",
    PermissionStatus.REVOKED: "revoked",
}


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
    if any(is_in_force(status) for status in statuses):
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
    if words == [PermissionStatus.REVOKED]:
        text += " The platform archives an account some ten days after its last permission is gone."
    summary = next(summary for status, summary in _NOT_IN_FORCE.items() if status in words)
    return [(_Effect.NO, summary, text)]


def _judged(found: list[_Found]) -> TradingLock:
    if not found:
        return TradingLock(False, "open", ("No lock is set.",), "Yes", is_open=True, may_trade=MayTrade.YES)
    effect, summary, _ = min(found, key=lambda one: one[0])
    answers = {
        _Effect.NO: f"No: {summary}",
        _Effect.CLOSING_ONLY: "Only to close positions",
        _Effect.UNKNOWN: "Unknown",
        _Effect.NOTE: f"Yes: {summary}",
    }
    return TradingLock(
        effect <= _Effect.CLOSING_ONLY,
        summary,
        tuple(one[2] for one in found),
        answers[effect],
        may_trade=_MAY_TRADE[effect],
    )
