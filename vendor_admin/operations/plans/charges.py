"""What a plan costs the organization, whatever kind of plan the price hides in, and which rights that asks for."""

from collections.abc import Iterable
from decimal import Decimal

from vendor_admin.operations.kinds import PlanKind
from vendor_admin.organizations.roles import Right

SPENDING = Right.MANAGE_SUBSCRIPTIONS


def total_of(prices: Iterable[Decimal | None]) -> Decimal | None:
    """What things cost together; None where one of the prices is not known."""
    known = list(prices)
    return None if None in known else sum((price for price in known if price is not None), Decimal(0))


def spends_money(cost: Decimal | None) -> bool:
    """Whether a plan of this cost spends the organization's money; one of unknown cost may."""
    return cost is None or cost > 0


def in_words(cost: Decimal | None) -> str:
    """What it costs, as a sentence without an end."""
    return "What it costs is not known" if cost is None else f"It costs {cost:,.2f} for the first period"


def rights_for(kind: PlanKind, *, cost: Decimal | None) -> tuple[Right, ...]:
    """What somebody must be allowed to do to make, confirm or resume a plan of this kind and cost."""
    spending = (SPENDING,) if spends_money(cost) else ()
    return tuple(dict.fromkeys((kind.right, *spending)))
