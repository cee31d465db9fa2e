"""Orders that belong together: what has to be done to each, given what is filled. Pure decisions.

As much of the brackets is released as the entry has filled, in the order of the brackets. The legs of a bracket share
what is released and filled by none of them yet.
"""

import dataclasses
from collections.abc import Iterator

from vendor_admin.sandbox.trading.orders import Bracket, Group, Order, Stage


@dataclasses.dataclass(frozen=True, slots=True)
class Send:
    """A leg that waits goes to the market with a quantity."""

    order: Order
    quantity: int


@dataclasses.dataclass(frozen=True, slots=True)
class Resize:
    """A leg has another quantity from now on, what it has filled included."""

    order: Order
    quantity: int


@dataclasses.dataclass(frozen=True, slots=True)
class End:
    """A leg is not needed any more."""

    order: Order


@dataclasses.dataclass(frozen=True, slots=True)
class Make:
    """The bracket's legs are made and sent, as it has none that work."""

    bracket: Bracket
    quantity: int


Step = Send | Resize | End | Make


def steps_of(group: Group) -> Iterator[Step]:
    """What has to be done to the legs of a group now."""
    can_grow = group.entry is not None and group.entry.is_live
    for bracket, released in _released(group):
        yield from _steps(bracket, released, can_grow=can_grow)


def outstanding(group: Group, bracket: Bracket) -> int:
    """How much of a bracket is released and filled by none of its legs."""
    return next(released for one, released in _released(group) if one is bracket) - bracket.filled


def is_finished(group: Group) -> bool:
    """Whether nothing can become of a group any more."""
    return not any(order.is_live for order in group.orders) and not any(True for _ in steps_of(group))


def _released(group: Group) -> Iterator[tuple[Bracket, int]]:
    entry = group.entry
    left = entry.filled if entry else 0
    for bracket in group.brackets:
        whole = bracket.quantity if bracket.quantity is not None else (entry.terms.quantity if entry else 0)
        released = min(left, whole) if entry else whole
        left -= released
        yield bracket, released


def _steps(bracket: Bracket, released: int, *, can_grow: bool) -> Iterator[Step]:
    outstanding = released - bracket.filled
    live = [leg for leg in bracket.legs if leg.is_live]
    if outstanding <= 0:
        if released or not can_grow:
            yield from map(End, live)
        return
    if not live and bracket.plan and not bracket.is_abandoned:
        yield Make(bracket, outstanding)
    for leg in live:
        quantity = leg.filled + outstanding
        if leg.stage is Stage.WAITING:
            yield Send(leg, quantity)
        elif leg.allotted != quantity:
            yield Resize(leg, quantity)
