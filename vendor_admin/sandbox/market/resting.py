"""An order while it is in the market."""

from vendor_admin.sandbox.market.orders import Action, MarketOrder, Terms
from vendor_admin.sandbox.world.products import Contract


class RestingOrder:
    """What the market remembers of a working order."""

    __slots__ = ("action", "contract", "filled", "id", "sequence", "terms")

    def __init__(self, order: MarketOrder, contract: Contract, *, sequence: int) -> None:
        self.id = order.id
        self.action: Action = order.action
        self.terms: Terms = order.terms
        self.contract = contract
        self.filled = 0
        self.sequence = sequence

    @property
    def remaining(self) -> int:
        """How many contracts are still to do."""
        return self.terms.quantity - self.filled
