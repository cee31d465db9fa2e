"""What orders are called on pages: their terms in a line, and how their states look. Pure."""

from decimal import Decimal
from typing import Protocol

from vendor_admin.code_words import in_words
from vendor_admin.listing.lists import Badge

_TONES = {
    "Filled": "good", "Working": "warn", "Rejected": "bad", "Canceled": "calm",
    "ActiveStrategy": "warn", "ExecutionFinished": "good", "ExecutionFailed": "bad", "InactiveStrategy": "calm",
    "RiskRejected": "bad", "ExecutionRejected": "bad",
}  # fmt: skip


class HasTerms(Protocol):
    @property
    def order_qty(self) -> int | None: ...
    @property
    def order_type(self) -> str | None: ...
    @property
    def price(self) -> Decimal | None: ...
    @property
    def stop_price(self) -> Decimal | None: ...
    @property
    def limit_if_touched_price(self) -> Decimal | None: ...
    @property
    def peg_difference(self) -> Decimal | None: ...
    @property
    def time_in_force(self) -> str | None: ...


def state_badge(state: str | None) -> Badge | None:
    """A state of the platform's, with its tone."""
    if not state:
        return None
    return Badge(state, _TONES.get(state, "bad" if "Reject" in state else "calm"))


def terms_in_words(version: HasTerms | None) -> str:
    """An order's terms: "2 Stop limit, stop 6,680, limit 6,679.5, Day". Empty where they are not known.

    The `price` of a MIT is where it goes off, as `limit_if_touched_price` is of a LimitIfTouched.
    """
    if version is None:
        return ""
    quantity = "" if version.order_qty is None else f"{version.order_qty:,} "
    parts = [f"{quantity}{in_words(version.order_type or '')}".strip()]
    prices = (
        ("stop", version.stop_price),
        ("touched", version.limit_if_touched_price),
        ("touched" if version.order_type == "MIT" else "limit", version.price),
        ("trails by", version.peg_difference),
    )
    parts += [f"{name} {f'{value:,f}'.removesuffix('.0')}" for name, value in prices if value is not None]
    return ", ".join(filter(None, [*parts, version.time_in_force]))
