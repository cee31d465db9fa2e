"""The contracts that the scripts trade, and how their prices move."""

import dataclasses
import random

from vendor_admin.sandbox.world.products import PRODUCTS
from vendor_admin.sandbox.world.state import World
from vendor_admin.tradovate.enums import Environment

# The products of the scripts. Others are traded on the market alone, so that a seed's events stay as they are.
_TRADED = frozenset({"ES", "NQ", "MES", "MNQ", "YM", "CL", "GC", "ZN"})
_START_PRICES = {product.name: product.start_price for product in PRODUCTS}


@dataclasses.dataclass(slots=True)
class Instrument:
    """A contract that the scripts trade."""

    contract_id: int
    tick: float
    dollars_a_point: float
    margin: float
    price: float


def front_contracts(world: World) -> list[Instrument]:
    """The nearest contract of every product that the scripts trade."""
    view = world.public[Environment.DEMO]
    products = {record.entity["id"]: record.entity for record in view.all("product")}
    margins = {record.entity["id"]: record.entity["initialMargin"] for record in view.all("productMargin")}
    found = []
    for record in view.all("contract"):
        maturity = view.get("contractMaturity", record.entity["contractMaturityId"])
        if maturity is None or not maturity.entity["isFront"]:
            continue
        product = products[maturity.entity["productId"]]
        if product["name"] not in _TRADED:
            continue
        found.append(
            Instrument(
                contract_id=record.entity["id"],
                tick=product["tickSize"],
                dollars_a_point=product["valuePerPoint"],
                margin=margins[product["id"]],
                price=_START_PRICES[product["name"]],
            )
        )
    return found


def next_price(instrument: Instrument, rng: random.Random) -> float:
    """A price at most two ticks away."""
    return round(max(instrument.tick, instrument.price + rng.choice((-2, -1, 0, 1, 2)) * instrument.tick), 6)
