"""Auto-liquidation: when an account must be closed, may only close, or is to be warned of. Pure.

After the platform's pages on userAccountAutoLiq and post-trade risk. A loss or profit is the change of the net
liquidation value since the session or the week began, so open positions count; percentages of loss are of its value
then (both our reading). A threshold acts when it is reached.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

from vendor_admin.sandbox.risk_rules.account_state import AccountState, LockEnd
from vendor_admin.sandbox.risk_rules.drawdown import TrailingDrawdown
from vendor_admin.sandbox.risk_rules.locks import WITHOUT_AUTO_LIQ, is_closing_only


class Initiator(StrEnum):
    """Whose settings acted: `initiator` of an autoLiqTransaction."""

    ADMIN = "Admin"  # userAccountAutoLiq
    CUSTOMER = "Customer"  # permissionedAccountAutoLiq


class Rule(StrEnum):
    """What was reached. No entity of the platform says it; texts of refusals do."""

    MARGIN = "margin"
    DAILY_LOSS_PERCENT = "daily loss in percent"
    DAILY_LOSS = "daily loss"
    WEEKLY_LOSS = "weekly loss"
    DAILY_PROFIT = "daily profit"
    WEEKLY_PROFIT = "weekly profit"
    TRAILING_DRAWDOWN = "trailing drawdown"
    FLATTEN_TIME = "time to flatten"


class Effect(IntEnum):
    """What happens then; the greater, the graver."""

    ALERT = 1
    LIQUIDATE_ONLY = 2
    FLATTEN = 3  # cancel and close, without a lock
    LIQUIDATE = 4


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number at which something happens: dollars or percent, as its rule has it."""

    rule: Rule
    effect: Effect
    at: float


@dataclass(frozen=True, slots=True)
class Breach:
    """What an account has reached. `ends` says when the lock that follows opens, None where none follows."""

    rule: Rule
    effect: Effect
    initiator: Initiator
    ends: LockEnd | None


_FIELDS = {
    "marginPercentageAlert": (Rule.MARGIN, Effect.ALERT),
    "dailyLossPercentageAlert": (Rule.DAILY_LOSS_PERCENT, Effect.ALERT),
    "dailyLossAlert": (Rule.DAILY_LOSS, Effect.ALERT),
    "marginPercentageLiqOnly": (Rule.MARGIN, Effect.LIQUIDATE_ONLY),
    "dailyLossPercentageLiqOnly": (Rule.DAILY_LOSS_PERCENT, Effect.LIQUIDATE_ONLY),
    "dailyLossLiqOnly": (Rule.DAILY_LOSS, Effect.LIQUIDATE_ONLY),
    "marginPercentageAutoLiq": (Rule.MARGIN, Effect.LIQUIDATE),
    "dailyLossPercentageAutoLiq": (Rule.DAILY_LOSS_PERCENT, Effect.LIQUIDATE),
    "dailyLossAutoLiq": (Rule.DAILY_LOSS, Effect.LIQUIDATE),
    "weeklyLossAutoLiq": (Rule.WEEKLY_LOSS, Effect.LIQUIDATE),
    "dailyProfitAutoLiq": (Rule.DAILY_PROFIT, Effect.LIQUIDATE),
    "weeklyProfitAutoLiq": (Rule.WEEKLY_PROFIT, Effect.LIQUIDATE),
}
_WEEKLY = frozenset({Rule.WEEKLY_LOSS, Rule.WEEKLY_PROFIT})
_LONGER = (None, LockEnd.NEXT_SESSION, LockEnd.NEXT_WEEK, LockEnd.NEVER)


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoLiqSettings:
    """The settings of one initiator; a field that the platform leaves out is no such limit."""

    initiator: Initiator = Initiator.ADMIN
    thresholds: Sequence[Threshold] = ()
    drawdown: TrailingDrawdown | None = None
    flatten_at: dt.datetime | None = None
    do_not_unlock: bool = False

    @classmethod
    def of(cls, entity: Mapping[str, Any], initiator: Initiator = Initiator.ADMIN) -> "AutoLiqSettings":
        """Read them from userAccountAutoLiq or permissionedAccountAutoLiq. Raises ValueError on a bad time."""
        flatten_at = entity.get("flattenTimestamp")
        return cls(
            initiator=initiator,
            thresholds=tuple(
                Threshold(rule, effect, entity[name]) for name, (rule, effect) in _FIELDS.items() if entity.get(name)
            ),
            drawdown=TrailingDrawdown.of(entity),
            flatten_at=dt.datetime.fromisoformat(flatten_at) if flatten_at else None,
            do_not_unlock=bool(entity.get("doNotUnlock")),
        )


def breach(
    account: AccountState, settings: Sequence[AutoLiqSettings], *, used_margin: float, now: dt.datetime
) -> Breach | None:
    """The gravest thing that an account has reached and that has not been done yet, or None.

    `used_margin` is what its positions bind. Of equally grave ones that which locks longest counts. Nothing acts while
    an admin has auto-liquidation on hold or off. Alerts are not among them, see `alerts`.
    """
    if account.admin_action in WITHOUT_AUTO_LIQ:
        return None
    gravest: Breach | None = None
    for found in _reached(account, settings, used_margin, now):
        if gravest is not None and _gravity(found) <= _gravity(gravest):
            continue
        if found.effect is not Effect.ALERT and _is_still_to_do(found, account, now):
            gravest = found
    return gravest


def alerts(account: AccountState, settings: Sequence[AutoLiqSettings], *, used_margin: float) -> list[Rule]:
    """The rules of which somebody is to be warned, as long as they are reached."""
    figures = _figures(account, used_margin)
    return [
        one.rule
        for each in settings
        for one in each.thresholds
        if one.effect is Effect.ALERT and figures[one.rule] >= one.at
    ]


def margin_levels(settings: Sequence[AutoLiqSettings], *, used_margin: float) -> tuple[float, float]:
    """`autoLiqLevel` and `liqOnlyLevel` of a marginSnapshot: the net liquidation values at which margin acts."""
    levels = {Effect.LIQUIDATE: 0.0, Effect.LIQUIDATE_ONLY: 0.0}
    for each in settings:
        for one in each.thresholds:
            if one.rule is Rule.MARGIN and one.effect in levels:
                levels[one.effect] = max(levels[one.effect], round(used_margin * 100 / one.at, 2))
    return levels[Effect.LIQUIDATE], levels[Effect.LIQUIDATE_ONLY]


def _reached(
    account: AccountState, settings: Sequence[AutoLiqSettings], used_margin: float, now: dt.datetime
) -> Iterator[Breach]:
    figures = _figures(account, used_margin)
    for each in settings:
        for one in each.thresholds:
            if figures[one.rule] >= one.at:
                yield Breach(one.rule, one.effect, each.initiator, _lock_end(one.rule, each))
        if each.drawdown is not None:
            floor = each.drawdown.floor(peak=account.max_net_liq, start_balance=account.start_balance)
            if account.net_liq <= floor:
                rule = Rule.TRAILING_DRAWDOWN
                yield Breach(rule, Effect.LIQUIDATE, each.initiator, _lock_end(rule, each))
        if _is_time_to_flatten(each, account, now):
            yield Breach(Rule.FLATTEN_TIME, Effect.FLATTEN, each.initiator, None)


def _figures(account: AccountState, used_margin: float) -> Mapping[Rule, float]:
    net_liq = account.net_liq
    day, week = round(net_liq - account.day_start, 2), round(net_liq - account.week_start, 2)
    return {
        Rule.MARGIN: _percent(used_margin, net_liq),
        Rule.DAILY_LOSS_PERCENT: _percent(-day, account.day_start),
        Rule.DAILY_LOSS: -day,
        Rule.WEEKLY_LOSS: -week,
        Rule.DAILY_PROFIT: day,
        Rule.WEEKLY_PROFIT: week,
    }


def _percent(part: float, whole: float) -> float:
    if part <= 0:
        return 0.0
    return part * 100 / whole if whole > 0 else float("inf")


def _is_time_to_flatten(settings: AutoLiqSettings, account: AccountState, now: dt.datetime) -> bool:
    """Once, at the first look at or after the time. A time that had passed when it was set does nothing."""
    if settings.flatten_at is None or account.looked_at is None:
        return False
    return account.looked_at < settings.flatten_at <= now


def _is_still_to_do(found: Breach, account: AccountState, now: dt.datetime) -> bool:
    has_something = bool(account.working) or not account.is_flat
    if found.effect is Effect.FLATTEN:
        return has_something
    if found.effect is Effect.LIQUIDATE_ONLY:
        return not is_closing_only(account, now)
    return has_something or account.lock is None or not is_closing_only(account, now)


def _lock_end(rule: Rule, settings: AutoLiqSettings) -> LockEnd:
    if settings.do_not_unlock:
        return LockEnd.NEVER
    return LockEnd.NEXT_WEEK if rule in _WEEKLY else LockEnd.NEXT_SESSION


def _gravity(found: Breach) -> tuple[Effect, int]:
    return found.effect, _LONGER.index(found.ends)
