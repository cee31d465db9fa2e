"""Making the legs of a bracket: orders that close what the entry opened."""

import dataclasses

from vendor_admin.sandbox.market.orders import Terms
from vendor_admin.sandbox.trading.chain import Chain
from vendor_admin.sandbox.trading.orders import Bracket, Group, LegPlan, Order
from vendor_admin.sandbox.world.products import Product


def make_legs(chain: Chain, group: Group, bracket: Bracket, quantity: int) -> list[Order]:
    """New legs of a bracket whose entry has filled something; they wait to be sent."""
    entry = group.entry
    if entry is None:
        return []
    made = []
    for plan in bracket.plan:
        order_id = chain.new_id()
        made.append(
            Order(
                id=order_id,
                organization=entry.organization,
                account_id=entry.account_id,
                user_id=entry.user_id,
                contract=entry.contract,
                action=plan.action,
                terms=dataclasses.replace(leg_terms(plan, entry), quantity=quantity),
                ticket=dataclasses.replace(entry.ticket, client_order_id=None, activation_time=None),
                version_id=order_id,
                command_id=order_id,
                group=group,
                bracket=bracket,
            )
        )
    open_legs(chain, entry, made)
    bracket.legs += made
    return made


def open_legs(chain: Chain, entry: Order | None, legs: list[Order], *, status: str = "PendingNew") -> None:
    """Write new legs; two of them cancel each other and share the first one's id as `ocoId`."""
    is_pair = len(legs) == 2
    for leg, other in zip(legs, reversed(legs), strict=True):
        chain.open(
            leg,
            status=status,
            ocoId=legs[0].id if is_pair else None,
            parentId=entry.id if entry else None,
            linkedId=other.id if is_pair else None,
        )


def leg_terms(plan: LegPlan, entry: Order) -> Terms:
    """The terms of a leg: as planned, or away from the entry's average price, on the grid."""
    if not plan.is_relative:
        return plan.terms
    base, product = entry.average_price, entry.contract.product
    return dataclasses.replace(
        plan.terms,
        price=_away(product, base, plan.terms.price),
        stop_price=_away(product, base, plan.terms.stop_price),
    )


def _away(product: Product, base: float, points: float | None) -> float | None:
    return None if points is None else product.price(round((base + points) / product.tick_size))
