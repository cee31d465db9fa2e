"""Risk settings in words. Pure: any object with the fields of userAccountAutoLiq, or of a position limit, will do."""

from decimal import Decimal
from enum import Enum, auto
from typing import Any

from vendor_admin.mirrors.rules.drawdown import Terms


class LimitEffect(Enum):
    """What a risk setting does. Staff and members read different words for it."""

    ALERT = auto()
    CLOSING_ONLY = auto()
    LIQUIDATE = auto()
    FLATTEN = auto()
    STAYS_LOCKED = auto()
    FIXED = auto()


STAFF_WORDS = {
    LimitEffect.ALERT: "Alert",
    LimitEffect.CLOSING_ONLY: "Closing orders only",
    LimitEffect.LIQUIDATE: "Liquidate",
    LimitEffect.FLATTEN: "Flatten",
    LimitEffect.STAYS_LOCKED: "Stays locked",
    LimitEffect.FIXED: "Fixed",
}
_PERCENT = (
    ("margin_percentage_alert", LimitEffect.ALERT, "at {} % margin use"),
    ("daily_loss_percentage_alert", LimitEffect.ALERT, "at a day's loss of {} % of the balance"),
    ("margin_percentage_liq_only", LimitEffect.CLOSING_ONLY, "at {} % margin use"),
    ("daily_loss_percentage_liq_only", LimitEffect.CLOSING_ONLY, "at a day's loss of {} % of the balance"),
    ("margin_percentage_auto_liq", LimitEffect.LIQUIDATE, "at {} % margin use"),
    ("daily_loss_percentage_auto_liq", LimitEffect.LIQUIDATE, "at a day's loss of {} % of the balance"),
)
_DOLLARS = (
    ("daily_loss_alert", LimitEffect.ALERT, "at a day's loss of {}"),
    ("daily_loss_liq_only", LimitEffect.CLOSING_ONLY, "at a day's loss of {}"),
    ("daily_loss_auto_liq", LimitEffect.LIQUIDATE, "at a day's loss of {}"),
    ("weekly_loss_auto_liq", LimitEffect.LIQUIDATE, "at a week's loss of {}"),
    ("daily_profit_auto_liq", LimitEffect.LIQUIDATE, "at a day's profit of {}"),
    ("weekly_profit_auto_liq", LimitEffect.LIQUIDATE, "at a week's profit of {}"),
)
_UNLOCKS = {
    "daily_loss_auto_liq": "the account unlocks at the next market open",
    "weekly_loss_auto_liq": "the account unlocks at Sunday's open",
}
_STAYS_LOCKED = "the account stays locked until an admin unlocks it"
_COUNTED = {
    "Overall": "all products together",
    "Product": "for each product",
    "Contract": "for each contract",
    "ProductType": "for each kind of product",
    "Exchange": "for each exchange",
    "ContractGroup": "for each contract group",
}


def limits_in_words(limits: Any, *, trader: str = "the trader") -> list[tuple[LimitEffect, str]]:
    """What the limits do (effect, sentence), the gravest last. Zero and absent both mean: no such limit.

    `trader` is what the sentences call whoever trades the account.
    """
    words = [
        (effect, text.format(f"{value.normalize():f}"))
        for name, effect, text in _PERCENT
        if (value := _set(limits, name))
    ]
    words += [
        (effect, text.format(f"{value:,.2f}") + _lock_ends(limits, name))
        for name, effect, text in _DOLLARS
        if (value := _set(limits, name))
    ]
    if (terms := Terms.of(limits, starting_balance=None)) is not None:
        pace = terms.mode.pace if terms.mode else "in a mode that the platform did not name"
        until = (
            f" until the floor reaches {terms.limit:,.2f}" if terms.limit else ", at most up to the starting balance"
        )
        peak = f"the highest net liquidation value, which is followed {pace}{until}"
        words.append((LimitEffect.LIQUIDATE, f"at {terms.drawdown:,.2f} below {peak}"))
    if limits.flatten_timestamp:
        at = limits.flatten_timestamp.replace(tzinfo=None).isoformat(" ", "minutes")
        words.append((LimitEffect.FLATTEN, f"once at {at} UTC; does not keep {trader} from re-entering"))
    if limits.do_not_unlock:
        words.append((LimitEffect.STAYS_LOCKED, "after a limit acted, until an admin unlocks it"))
    if limits.changes_locked:
        words.append((LimitEffect.FIXED, f"{trader} may not change these settings"))
    return words


def position_limit_in_words(limit: Any) -> str:
    """A position limit in a sentence, e.g. "at most 5 long and 5 short, for each product"."""
    parts = [
        f"{value:,} {word}"
        for word, value in (("long", limit.long_limit), ("short", limit.short_limit), ("exposed", limit.exposed_limit))
        if value is not None
    ]
    text = "at most " + " and ".join(parts) if parts else "no numbers set"
    return f"{text}, {_COUNTED.get(limit.total_by, f'by {limit.total_by}')}" if limit.total_by else text


def _lock_ends(limits: Any, name: str) -> str:
    """How the lock ends that follows a loss, where the platform says so (its page on userAccountAutoLiq)."""
    if name not in _UNLOCKS:
        return ""
    return f"; {_STAYS_LOCKED if limits.do_not_unlock else _UNLOCKS[name]}"


def _set(limits: Any, name: str) -> Decimal | None:
    value = getattr(limits, name)
    return value if value else None
