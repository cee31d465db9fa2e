"""The trailing drawdown of an account: its floor, and the peak that the floor follows. Pure.

After the platform's pages on userAccountAutoLiq: the floor is the peak less the drawdown. It rises with the peak and
stops at the limit; without a limit, at the starting balance. With RealTime the peak follows every net liquidation
value, with EOD the one at the end of a session; the floor acts at any time in both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

END_OF_DAY = "EOD"


@dataclass(frozen=True, slots=True)
class TrailingDrawdown:
    """`limit` is the level at which the floor stops. A mode that is not EOD follows in real time."""

    amount: float
    limit: float | None = None
    is_end_of_day: bool = False

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "TrailingDrawdown | None":  # Any: fields of entities
        """Read it from userAccountAutoLiq; None if none is set."""
        amount = settings.get("trailingMaxDrawdown")
        if not amount:
            return None
        is_end_of_day = settings.get("trailingMaxDrawdownMode") == END_OF_DAY
        return cls(amount, settings.get("trailingMaxDrawdownLimit") or None, is_end_of_day)

    def floor(self, *, peak: float, start_balance: float | None) -> float:
        """The net liquidation value at which the account is liquidated."""
        trailing = round(peak - self.amount, 2)
        stop = self.limit or start_balance
        return min(trailing, stop) if stop else trailing


def peak_during_session(drawdown: TrailingDrawdown | None, *, peak: float, net_liq: float) -> float:
    """The peak after a fill or a price. Without a drawdown it follows at once: the platform keeps it all the same."""
    if drawdown is not None and drawdown.is_end_of_day:
        return peak
    return max(peak, net_liq)
