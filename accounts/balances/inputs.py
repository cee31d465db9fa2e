"""What is asked for when balances or peaks are to be changed."""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, UnsetType

from accounts.balances.adjustment import KEEP_PEAK, PEAK_AT_BALANCE, AdjustmentMethod
from vendor_admin.amounts import NotANumber, read_amount
from vendor_admin.errors import Fault
from vendor_admin.operations.inputs.declaration import RowInput
from vendor_admin.operations.inputs.described import described
from vendor_admin.operations.inputs.subjects import AccountToChange
from vendor_admin.tradovate.operations.balances import PARTNER_CASH_CHANGE_TYPES


class BalanceChange(RowInput, frozen=True, kw_only=True):
    """Money that is added to the balance of a simulated account, or taken away from it."""

    entity_type: ClassVar[str] = "account"

    account: AccountToChange
    change: Annotated[
        Decimal,
        described(
            "A difference in the account's currency: 250 adds, -250 takes away.",
            example="-250.00",
            platform_name="cashChange",
            below=10_000_000,
        ),
    ]
    by: Annotated[
        Literal["adjustCash", "changeDemoBalance"],
        described(
            "Which of the platform's operations moves the money: adjustCash makes an entry in the ledger, "
            "changeDemoBalance moves the peak of a trailing drawdown along.",
            example="adjustCash",
        ),
    ] = AdjustmentMethod.ADJUST_CASH.value
    type: Annotated[
        Literal[PARTNER_CASH_CHANGE_TYPES],  # type: ignore[valid-type]  # the platform's list of words
        described("For adjustCash: what kind of entry it is.", platform_name="cashChangeType"),
    ] = PARTNER_CASH_CHANGE_TYPES[0]
    peak: (
        Annotated[
            str,
            described(
                f"What the peak of a trailing drawdown is set to afterwards: an amount, {KEEP_PEAK} (as it is now) or "
                f"{PEAK_AT_BALANCE} (the new balance). Left out, the platform decides.",
                platform_name="maxNetLiq",
            ),
        ]
        | UnsetType
    ) = UNSET

    def faults(self) -> list[Fault]:
        found = [] if self.change else [Fault("change", "zero", "must not be zero: that changes nothing.")]
        return found + peak_faults(self.peak, words=(KEEP_PEAK, PEAK_AT_BALANCE))


class PeakChange(RowInput, frozen=True, kw_only=True):
    """The highest value that the platform remembers of a simulated account, from which its drawdown is measured."""

    entity_type: ClassVar[str] = "account"

    account: AccountToChange
    peak: Annotated[
        str,
        described(
            f"The new peak: an amount above zero, or {PEAK_AT_BALANCE} for what the account holds now.",
            example=PEAK_AT_BALANCE,
            platform_name="maxNetLiq",
        ),
    ]

    def faults(self) -> list[Fault]:
        return peak_faults(self.peak, words=(PEAK_AT_BALANCE,))


def peak_faults(peak: str | UnsetType, *, words: tuple[str, ...]) -> list[Fault]:
    """What is wrong with a peak that is given as an amount or as one of these words."""
    if peak is UNSET or peak in words:
        return []
    try:
        amount = read_amount(peak)
    except NotANumber as refused:
        text = str(refused) if refused.readings else f"must be an amount or {' or '.join(words)}."
        return [Fault("peak", "not_a_number", text)]
    return [] if amount > 0 else [Fault("peak", "out_of_range", "must be above zero.")]
