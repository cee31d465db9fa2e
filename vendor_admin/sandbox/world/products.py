"""The products and contracts that the sandbox lists, with their tick grids. Ids are the sandbox's own."""

import datetime as dt
from dataclasses import dataclass

MONTH_CODES = "FGHJKMNQUVXZ"
EXCHANGES = (("CME", "XCME"), ("CBOT", "XCBT"), ("NYMEX", "XNYM"), ("COMEX", "XCEC"))
GROUPS = ("Equity indices", "Energies", "Metals", "Interest rates", "Currencies")
CONTRACT_IDS = 4_300_000
MATURITY_IDS = 50_000
MONTHS_LISTED = 2


@dataclass(frozen=True, slots=True)
class Product:
    """What is traded, in USD. Ids of exchange and group are places in `EXCHANGES` and `GROUPS`, counted from 1."""

    id: int
    name: str
    description: str
    exchange_id: int
    group_id: int
    value_per_point: float
    tick_size: float
    decimals: int
    day_margin: float
    start_price: float
    follows: str

    def ticks(self, price: float) -> int | None:
        """The price as a number of ticks, or None when it is not on the grid."""
        ticks = round(price / self.tick_size)
        return ticks if abs(ticks * self.tick_size - price) < self.tick_size * 1e-6 else None

    def price(self, ticks: int) -> float:
        """The price of a number of ticks, with the product's decimals."""
        return round(ticks * self.tick_size, self.decimals)


@dataclass(frozen=True, slots=True)
class Contract:
    """One month of a product. It trades until `expires_at`."""

    id: int
    name: str
    product: Product
    maturity_id: int
    year: int
    month: int
    expires_at: dt.datetime
    is_front: bool


# id, name, description, exchange, group, dollars a point, tick, decimals, day margin, price near the start of the
# world, the product whose price it has
PRODUCTS = (
    Product(801, "ES", "E-mini S&P 500", 1, 1, 50.0, 0.25, 2, 500.0, 6_690.0, "ES"),
    Product(802, "NQ", "E-mini NASDAQ-100", 1, 1, 20.0, 0.25, 2, 1_000.0, 24_600.0, "NQ"),
    Product(803, "MES", "Micro E-mini S&P 500", 1, 1, 5.0, 0.25, 2, 50.0, 6_690.0, "ES"),
    Product(804, "MNQ", "Micro E-mini NASDAQ-100", 1, 1, 2.0, 0.25, 2, 100.0, 24_600.0, "NQ"),
    Product(805, "YM", "E-mini Dow", 2, 1, 5.0, 1.0, 0, 500.0, 46_200.0, "YM"),
    Product(806, "CL", "Crude oil", 3, 2, 1_000.0, 0.01, 2, 1_500.0, 58.4, "CL"),
    Product(807, "GC", "Gold", 4, 3, 100.0, 0.1, 1, 1_500.0, 4_080.0, "GC"),
    Product(808, "ZN", "Ten-year note", 2, 4, 1_000.0, 0.015625, 6, 500.0, 112.5, "ZN"),
    Product(809, "MYM", "Micro E-mini Dow", 2, 1, 0.5, 1.0, 0, 50.0, 46_200.0, "YM"),
    Product(810, "RTY", "E-mini Russell 2000", 1, 1, 50.0, 0.1, 1, 500.0, 2_460.0, "RTY"),
    Product(811, "M2K", "Micro E-mini Russell 2000", 1, 1, 5.0, 0.1, 1, 50.0, 2_460.0, "RTY"),
    Product(812, "MCL", "Micro crude oil", 3, 2, 100.0, 0.01, 2, 150.0, 58.4, "CL"),
    Product(813, "MGC", "Micro gold", 4, 3, 10.0, 0.1, 1, 150.0, 4_080.0, "GC"),
    Product(814, "6E", "Euro FX", 1, 5, 125_000.0, 0.00005, 5, 500.0, 1.158, "6E"),
)


def listed_contracts(today: dt.date) -> list[Contract]:
    """The front and the next quarterly month of every product, in the order of their ids."""
    return [contract for product in PRODUCTS for contract in _months(product, today)]


def _months(product: Product, today: dt.date) -> list[Contract]:
    year, month = today.year, (today.month + 2) // 3 * 3
    if _expiry(year, month).date() < today:
        year, month = _next_quarter(year, month)
    found = []
    for step in range(MONTHS_LISTED):
        number = product.id * 10 + step
        found.append(
            Contract(
                id=CONTRACT_IDS + number,
                name=f"{product.name}{MONTH_CODES[month - 1]}{year % 10}",
                product=product,
                maturity_id=MATURITY_IDS + number,
                year=year,
                month=month,
                expires_at=_expiry(year, month),
                is_front=step == 0,
            )
        )
        year, month = _next_quarter(year, month)
    return found


def _next_quarter(year: int, month: int) -> tuple[int, int]:
    return (year + 1, 3) if month == 12 else (year, month + 3)


def _expiry(year: int, month: int) -> dt.datetime:
    return dt.datetime(year, month, 19, 13, 30, tzinfo=dt.UTC)
