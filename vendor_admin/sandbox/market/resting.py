"""An order while it is in the market: what is left of it, its prices in ticks, and when it goes off."""

import datetime as dt

from vendor_admin.sandbox.market.depth import Depth
from vendor_admin.sandbox.market.kinds import KINDS, Kind, Wait, limit_price, trigger_price
from vendor_admin.sandbox.market.orders import Action, MarketOrder, Terms
from vendor_admin.sandbox.world.products import Contract


class RestingOrder:
    """What the market remembers of a working order.

    `limit` is None while the order may trade at any price. While `is_waiting` it trades at none; `trigger` is where it
    goes off. `distance` is how far a trailing stop keeps from the last trade.
    """

    __slots__ = (
        "action", "contract", "distance", "expires_at", "filled", "id", "is_waiting", "limit", "sequence", "terms",
        "trigger",
    )  # fmt: skip

    def __init__(
        self, order: MarketOrder, contract: Contract, *, last: int, expires_at: dt.datetime, sequence: int
    ) -> None:
        self.id = order.id
        self.action: Action = order.action
        self.contract = contract
        self.filled = 0
        self.expires_at = expires_at
        self.sequence = sequence
        self.terms = order.terms
        self.is_waiting = self.kind.waits is not Wait.NOTHING
        self.distance = 0
        self._take_prices(last)

    @property
    def kind(self) -> Kind:
        """The order's type."""
        return KINDS[self.terms.order_type]

    @property
    def remaining(self) -> int:
        """How many contracts are still to do."""
        return self.terms.quantity - self.filled

    @property
    def sign(self) -> int:
        """1 for a buyer, -1 for a seller: the direction of prices that are worse for the order."""
        return 1 if self.action == "Buy" else -1

    def take_terms(self, terms: Terms, *, last: int, sequence: int) -> None:
        """Have other terms. What went off stays off while the type is the same; a place in the queue is lost by another
        price or a larger quantity, as at the exchange.
        """
        old = (self.terms.order_type, self.limit, self.trigger, self.terms.quantity)
        is_other_type = terms.order_type != self.terms.order_type
        self.terms = terms
        if is_other_type:
            self.is_waiting = self.kind.waits is not Wait.NOTHING
        if not self.kind.trails or is_other_type:
            self._take_prices(last, made_limit=None if is_other_type else self.limit)
        if old[:3] != (terms.order_type, self.limit, self.trigger) or terms.quantity > old[3]:
            self.sequence = sequence

    def differs_in_quantity_alone(self, terms: Terms) -> bool:
        """Whether other terms change nothing but the quantity; prices may be left out, or be those of now."""
        old, price = self.terms, self.contract.product.price
        limit = None if self.limit is None else price(self.limit)
        return (
            (terms.order_type, terms.time_in_force, terms.expire_time)
            == (old.order_type, old.time_in_force, old.expire_time)
            and terms.price in (None, old.price, limit)
            and terms.stop_price in (None, old.stop_price, price(self.trigger))
            and terms.peg_difference in (None, old.peg_difference)
        )

    def trail(self, last: int) -> bool:
        """Follow the last trade; whether the stop moved."""
        if not self.is_waiting or not self.kind.trails:
            return False
        gained = (self.trigger - (last + self.sign * self.distance)) * self.sign
        if gained <= 0:
            return False
        self.trigger -= self.sign * gained
        if self.limit is not None:
            self.limit -= self.sign * gained
        return True

    def goes_off(self, last: int, depth: Depth) -> bool:
        """Whether the last trade, or the quantity at the stop, sets the order off."""
        beyond = (last - self.trigger) * self.sign
        match self.kind.waits:
            case Wait.STOP:
                return beyond >= 0
            case Wait.TOUCH:
                return beyond <= 0
            case Wait.QUANTITY:
                return beyond > 0 or (beyond == 0 and depth.available(self.action, self.trigger) <= self.remaining)
        return False

    def reaches(self, ticks: int) -> bool:
        """Whether a price is the order's limit or better."""
        return self.limit is None or (self.limit - ticks) * self.sign >= 0

    def _take_prices(self, last: int, made_limit: int | None = None) -> None:
        """Prices in ticks; an order whose limit the market made keeps it."""
        product = self.contract.product
        price, trigger = limit_price(self.terms), trigger_price(self.terms)
        self.limit = made_limit if price is None else product.ticks(price)
        if self.kind.trails:
            peg = self.terms.peg_difference
            self.distance = abs(product.ticks(peg) or 0) if peg is not None else 0
            trigger = product.price(last + self.sign * self.distance) if trigger is None else trigger
        self.trigger = 0 if trigger is None else product.ticks(trigger) or 0
        if self.kind.trails and not self.distance:
            self.distance = abs(last - self.trigger)
