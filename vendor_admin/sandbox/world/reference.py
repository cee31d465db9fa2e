"""The public part of the world: products, contracts, currencies, plans. Ids are the sandbox's own."""

import datetime as dt
from typing import Any

from vendor_admin.sandbox.world.state import Book, Entity, World
from vendor_admin.sandbox.world.times import timestamp, trade_date
from vendor_admin.tradovate.enums import Environment

MONTH_CODES = "FGHJKMNQUVXZ"
SIM_PLUS_ENTITLEMENT = 31
DATA_ENTITLEMENT = 12

_CURRENCIES = (("USD", "$", 1.0), ("EUR", "€", 1.0842), ("GBP", "£", 1.2711))
_EXCHANGES = (("CME", "XCME"), ("CBOT", "XCBT"), ("NYMEX", "XNYM"), ("COMEX", "XCEC"))
_GROUPS = ("Equity indices", "Energies", "Metals", "Interest rates")
# name, description, exchange, group, dollars a point, tick, decimals, day margin, price near the start of the world
_PRODUCTS = (
    ("ES", "E-mini S&P 500", 1, 1, 50.0, 0.25, 2, 500.0, 6_690.0),
    ("NQ", "E-mini NASDAQ-100", 1, 1, 20.0, 0.25, 2, 1_000.0, 24_600.0),
    ("MES", "Micro E-mini S&P 500", 1, 1, 5.0, 0.25, 2, 50.0, 6_690.0),
    ("MNQ", "Micro E-mini NASDAQ-100", 1, 1, 2.0, 0.25, 2, 100.0, 24_600.0),
    ("YM", "E-mini Dow", 2, 1, 5.0, 1.0, 0, 500.0, 46_200.0),
    ("CL", "Crude oil", 3, 2, 1_000.0, 0.01, 2, 1_500.0, 58.4),
    ("GC", "Gold", 4, 3, 100.0, 0.1, 1, 1_500.0, 4_080.0),
    ("ZN", "Ten-year note", 2, 4, 1_000.0, 0.015625, 6, 500.0, 112.5),
)
START_PRICES: dict[str, float] = {product[0]: product[8] for product in _PRODUCTS}


def build_public_books(world: World, *, today: dt.date) -> None:
    """Fill what every organization can read, on both hosts."""
    midnight = dt.datetime.combine(today, dt.time(0), tzinfo=dt.UTC)
    at = timestamp(midnight)
    for environment, book in world.public.items():
        _money(book, at=at)
        _markets(book, today=today, at=at, environment=environment)
        _words(book)
        if environment is Environment.LIVE:
            _plans(book, today=today)


def _put(book: Book, entity_type: str, **fields: Any) -> Entity:  # Any: the fields of any entity type
    book.put(entity_type, fields, account_id=None, user_id=None)
    return fields


def _money(book: Book, *, at: str) -> None:
    for number, (name, symbol, rate) in enumerate(_CURRENCIES, start=1):
        _put(book, "currency", id=number, name=name, symbol=symbol)
        _put(book, "currencyRate", id=number, timestamp=at, rate=rate)
    for number, name in enumerate(("Clearing A", "Clearing B"), start=2):
        _put(book, "clearingHouse", id=number, name=name)


def _markets(book: Book, *, today: dt.date, at: str, environment: Environment) -> None:
    for number, (name, mic) in enumerate(_EXCHANGES, start=1):
        _put(book, "exchange", id=number, name=name, micCode=mic)
    for number, name in enumerate(_GROUPS, start=1):
        _put(book, "contractGroup", id=number, name=name)
    for number, (name, text, exchange, group, point, tick, digits, margin, _) in enumerate(_PRODUCTS, start=801):
        _put(
            book,
            "product",
            id=number,
            name=name,
            currencyId=1,
            productType="Futures",
            description=text,
            exchangeId=exchange,
            contractGroupId=group,
            riskDiscountContractGroupId=group,
            status="Verified",
            months="HMUZ",
            isSecured=False,
            valuePerPoint=point,
            priceFormatType="Decimal",
            priceFormat=-digits,
            tickSize=tick,
        )
        _put(
            book,
            "productSession",
            id=number,
            openTime={"hour": 17, "minute": 0},
            startTime={"hour": 17, "minute": 0},
            stopTime={"hour": 16, "minute": 0},
            closeTime={"hour": 16, "minute": 0},
        )
        if environment is Environment.DEMO:
            _put(book, "productMargin", id=number, initialMargin=margin, maintenanceMargin=margin * 0.9, timestamp=at)
        _contracts(book, product_id=number, product=name, today=today, at=at, margin=margin, environment=environment)


def _contracts(
    book: Book,
    *,
    product_id: int,
    product: str,
    today: dt.date,
    at: str,
    margin: float,
    environment: Environment,
) -> None:
    year, month = today.year, (today.month + 2) // 3 * 3
    for step in range(2):
        contract_id = 4_300_000 + product_id * 10 + step
        maturity_id = 50_000 + product_id * 10 + step
        expires = dt.datetime(year, month, 19, 13, 30, tzinfo=dt.UTC)
        _put(
            book,
            "contractMaturity",
            id=maturity_id,
            productId=product_id,
            expirationMonth=year * 100 + month,
            expirationDate=timestamp(expires),
            isFront=step == 0,
        )
        _put(
            book,
            "contract",
            id=contract_id,
            name=f"{product}{MONTH_CODES[month - 1]}{year % 10}",
            contractMaturityId=maturity_id,
            timestamp=at,
        )
        if environment is Environment.DEMO:
            _put(book, "contractMargin", id=contract_id, initialMargin=margin, maintenanceMargin=margin, timestamp=at)
        year, month = (year + 1, 3) if month == 12 else (year, month + 3)


def _words(book: Book) -> None:
    for number, name in enumerate(("OCO", "Bracket", "MultiBracket"), start=1):
        _put(book, "orderStrategyType", id=number, name=name, enabled=True)
    _put(book, "property", id=1, name="tradingLanguage", propertyType="String", defaultValue="en")
    _put(book, "property", id=2, name="confirmOrders", propertyType="Boolean", defaultValue="true")
    _put(book, "adminAlert", id=1, name="Market data agreement signed", timestamp="2025-01-06T15:00:00.000Z")
    _put(book, "spreadDefinition", id=1, timestamp="2025-01-06T15:00:00.000Z", spreadType="CalendarSpread", uds=False)


def _plans(book: Book, *, today: dt.date) -> None:
    start = trade_date(today.replace(month=1, day=1))
    for number, name in enumerate(("CMEGROUP_TOP", "CMEGROUP_DOM"), start=1):
        _put(book, "marketDataSubscriptionExchangeScope", id=number, name=name)
        _put(
            book,
            "marketDataSubscriptionPlan",
            id=40 + number,
            name=name,
            title=name.replace("_", " ").title(),
            price=4.0 if number == 1 else 16.0,
            startDate=start,
            exchangeScopeId=number,
            dataType="Top" if number == 1 else "DOM",
            professional="NonProfessional",
        )
    for entitlement_id, name, price in ((DATA_ENTITLEMENT, "Market replay", 15.0), (SIM_PLUS_ENTITLEMENT, "T-Prop", 0)):
        _put(
            book,
            "entitlement",
            id=entitlement_id,
            title=name,
            price=float(price),
            startDate=start,
            name=name.replace(" ", ""),
            duration=1,
            durationUnits="Month",
            autorenewal=True,
        )
