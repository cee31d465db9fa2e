"""What fills add up to. A fill that was taken back is not counted. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol


class HasFill(Protocol):
    @property
    def qty(self) -> int | None: ...
    @property
    def price(self) -> Decimal | None: ...
    @property
    def is_taken_back(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Filled:
    """The quantity of the fills that stand, their average price (None where it is not known), and how many do not."""

    quantity: int
    average: Decimal | None
    taken_back: int = 0

    def __str__(self) -> str:
        at = "" if self.average is None else f" at {self.average:,f}"
        left_out = f"; {self.taken_back} taken back, not counted" if self.taken_back else ""
        return f"{self.quantity:,}{at}{left_out}"


def filled_by(fills: Iterable[HasFill]) -> Filled:
    """What an order's fills came to."""
    fills = list(fills)
    standing = [(fill.qty or 0, fill.price) for fill in fills if not fill.is_taken_back]
    quantity = sum(qty for qty, _ in standing)
    value = sum((qty * price for qty, price in standing if price is not None), Decimal(0))
    is_known = quantity != 0 and all(price is not None for _, price in standing)
    average = (value / quantity).quantize(Decimal("0.000001")).normalize() if is_known else None
    return Filled(quantity, average, taken_back=len(fills) - len(standing))
