"""What is asked for when a balance or a drawdown's peak is to be changed. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any

from vendor_admin.amounts import NotANumber, read_amount
from vendor_admin.errors import Fault, InvalidFields
from vendor_admin.mirrors.rules.drawdown import Drawdown
from vendor_admin.tradovate.catalogue.request import LARGEST_AMOUNT, Request
from vendor_admin.tradovate.catalogue.write import LONGEST_COMMENT, Write
from vendor_admin.tradovate.operations.balances import (
    ADJUST_CASH,
    CHANGE_DEMO_BALANCE,
    AdjustCash,
    ChangeDemoBalance,
)

DOLLARS = 1  # the platform's own id of the currency
KEEP_PEAK = "keep"
PEAK_AT_BALANCE = "balance"


class AdjustmentMethod(StrEnum):
    """Which of the platform's two operations moves the money."""

    ADJUST_CASH = "adjustCash"
    CHANGE_DEMO_BALANCE = "changeDemoBalance"


_WAYS = (None, *AdjustmentMethod)


@dataclass(frozen=True, slots=True)
class BalanceAdjustment:
    """A change of cash (None: none), and what becomes of the drawdown's peak afterwards.

    `peak` is an amount to set, `keep` (as it is now), `balance` (the balance after the change), or nothing: then the
    platform's own rule for the operation holds.
    """

    change: Decimal | None
    by: AdjustmentMethod = AdjustmentMethod.ADJUST_CASH
    change_type: str = "ManualAdjustment"
    currency_id: int = DOLLARS
    peak: str | Decimal = ""

    @classmethod
    def read(cls, parameters: Mapping[str, Any], wanted: Mapping[str, Any]) -> "BalanceAdjustment":
        """Of a plan's parameters and what a target wants besides; the target wins. Raises InvalidFields."""
        given = {**parameters, **wanted}
        change, peak = given.get("cashChange"), given.get("maxNetLiq") or ""
        if given.get("by") not in _WAYS:
            raise _fault(
                "by",
                "unknown_value",
                f"{given['by']} is not a way to change a balance; {' and '.join(AdjustmentMethod)} are.",
            )
        adjustment = cls(
            change=None if change in (None, "") else _amount("cashChange", change),
            by=AdjustmentMethod(given.get("by") or AdjustmentMethod.ADJUST_CASH),
            change_type=given.get("cashChangeType") or "ManualAdjustment",
            currency_id=given.get("currencyId") or DOLLARS,
            peak=peak if peak in ("", KEEP_PEAK, PEAK_AT_BALANCE) else _amount("maxNetLiq", peak),
        )
        if adjustment.change is None and not adjustment.peak:
            raise _fault("", "required", "Neither a change of the balance nor a new peak is asked for.")
        if isinstance(adjustment.peak, Decimal) and adjustment.peak <= 0:
            raise _fault("maxNetLiq", "out_of_range", "The peak must be above zero.")
        return adjustment

    def wanted(self) -> dict[str, Any]:
        """As a target of a plan says it, whatever the plan's parameters are."""
        return {
            "cashChange": None if self.change is None else f"{self.change:f}",
            "by": self.by.value,
            "cashChangeType": self.change_type,
            "currencyId": self.currency_id,
            "maxNetLiq": f"{self.peak:f}" if isinstance(self.peak, Decimal) else self.peak,
        }

    def after(self, standing: Drawdown) -> Drawdown:
        """Where the account stands once the money has moved (and before the peak is set).

        changeDemoBalance moves the peak along (its page in the platform's documents). Of adjustCash nothing is
        documented: it is taken for a gain or loss, which the peak follows as the drawdown's mode says.
        """
        if not self.change:
            return standing
        if self.by is AdjustmentMethod.CHANGE_DEMO_BALANCE:
            return standing.after_balance_change(self.change)
        return standing.after_trading(standing.net_liq + self.change)

    def request(self, *, account_id: int, reason: str) -> tuple[Write[Any], Request]:
        """The call that moves the money. The reason becomes the comment, as far as it fits into one."""
        change, comment = self.change or Decimal(0), comment_of(reason)
        if self.by is AdjustmentMethod.CHANGE_DEMO_BALANCE:
            return CHANGE_DEMO_BALANCE, ChangeDemoBalance(account_id=account_id, cash_change=change, comment=comment)
        return ADJUST_CASH, AdjustCash(
            account_id=account_id,
            cash_change=change,
            cash_change_type=self.change_type,  # type: ignore[arg-type]  # checked with the request
            currency_id=self.currency_id,
            comment=comment,
        )


@lru_cache(maxsize=16)
def comment_of(reason: str) -> str:
    """A reason in the platform's length, on one line."""
    plain = "".join(letter if letter.isprintable() else " " for letter in reason)
    return " ".join(plain.split())[:LONGEST_COMMENT].strip()


def _amount(field: str, value: Any) -> Decimal:
    """An amount of money with cents at most; raises InvalidFields."""
    try:
        amount = read_amount(value)
    except NotANumber as refused:
        raise _fault(field, "not_a_number", str(refused)) from None
    if abs(amount) >= LARGEST_AMOUNT:
        raise _fault(field, "out_of_range", f"An amount must be below {LARGEST_AMOUNT:,}.")
    return amount


def _fault(field: str, code: str, text: str) -> InvalidFields:
    """`field` is the part of the adjustment that it is about; empty for all of it."""
    return InvalidFields([Fault(field, code, text)])
