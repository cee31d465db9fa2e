"""What a change of balance, peak or terms does to a trailing drawdown, for a preview. Pure."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from vendor_admin.mirrors.rules.drawdown import Drawdown, Mode

REACHED = "The floor would be reached: the platform liquidates and locks the account."


class WhyUnknown(StrEnum):
    """Why it is not known what a change does to the drawdown, in words."""

    PEAK_NOT_SENT = (
        "What this does to the trailing drawdown is not known: the platform has not sent the account's highest net "
        "liquidation value."
    )
    SEVERAL_CURRENCIES = "The account holds several currencies: what this does to its drawdown is not worked out."


@dataclass(frozen=True, slots=True)
class Effect:
    """The drawdown before and after a change: as fields of a preview's row, and what is unusual in sentences."""

    before: Drawdown | None
    after: Drawdown | None
    why_unknown: WhyUnknown | None = None

    @property
    def old(self) -> dict[str, Decimal]:
        """`floor` and `room` before the change, where they are known."""
        return _figures(self.before)

    @property
    def new(self) -> dict[str, Decimal]:
        """`floor` and `room` after it."""
        return _figures(self.after)

    def warnings(self) -> list[str]:
        """Tell that the change closes the account, or that what it does to floor and room is not known."""
        if self.why_unknown is not None:
            return [self.why_unknown.value]
        return [REACHED] if self.after is not None and self.after.is_reached else []

    def at_end_of_day(self) -> list[str]:
        """Tell where the floor rises to when the day ends, if the change leaves the peak below the balance."""
        if self.after is None or self.after.terms.mode is not Mode.END_OF_DAY:
            return []
        later = self.after.after_end_of_day()
        if later.floor <= self.after.floor:
            return []
        return [f"At the end of the day the peak follows: floor {later.floor:,.2f}, room {later.room:,.2f}."]

    def loss_of_room(self) -> list[str]:
        """Tell what becomes of floor and room where less room is left than before."""
        before, after = self.before, self.after
        if before is None or after is None or after.room >= before.room:
            return []
        floor = f"floor {before.floor:,.2f} → {after.floor:,.2f}"
        return [f"Less room: {floor}, room {before.room:,.2f} → {after.room:,.2f}."]


def _figures(drawdown: Drawdown | None) -> dict[str, Decimal]:
    return {} if drawdown is None else {"floor": drawdown.floor, "room": drawdown.room}
