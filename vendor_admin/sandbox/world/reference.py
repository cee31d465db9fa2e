"""The public part of the world: products, contracts, currencies, plans. Ids are the sandbox's own."""

import datetime as dt
from typing import Any

from vendor_admin.sandbox.world.products import EXCHANGES, GROUPS, PRODUCTS, Contract, Product, listed_contracts
from vendor_admin.sandbox.world.state import Book, Entity, World
from vendor_admin.sandbox.world.times import timestamp, trade_date
from vendor_admin.tradovate.enums import Environment

SIM_PLUS_ENTITLEMENT = 31
DATA_ENTITLEMENT = 12

_CURRENCIES = (("USD", "$", 1.0), ("EUR", "€", 1.0842), ("GBP", "£", 1.2711))


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
    for number, (name, mic) in enumerate(EXCHANGES, start=1):
        _put(book, "exchange", id=number, name=name, micCode=mic)
    for number, name in enumerate(GROUPS, start=1):
        _put(book, "contractGroup", id=number, name=name)
    for product in PRODUCTS:
        _product(book, product, at=at, environment=environment)
    for contract in listed_contracts(today):
        _contract(book, contract, at=at, environment=environment)


def _product(book: Book, product: Product, *, at: str, environment: Environment) -> None:
    _put(
        book,
        "product",
        id=product.id,
        name=product.name,
        currencyId=1,
        productType="Futures",
        description=product.description,
        exchangeId=product.exchange_id,
        contractGroupId=product.group_id,
        riskDiscountContractGroupId=product.group_id,
        status="Verified",
        months="HMUZ",
        isSecured=False,
        valuePerPoint=product.value_per_point,
        priceFormatType="Decimal",
        priceFormat=-product.decimals,
        tickSize=product.tick_size,
    )
    _put(
        book,
        "productSession",
        id=product.id,
        openTime={"hour": 17, "minute": 0},
        startTime={"hour": 17, "minute": 0},
        stopTime={"hour": 16, "minute": 0},
        closeTime={"hour": 16, "minute": 0},
    )
    if environment is Environment.DEMO:
        margin = product.day_margin
        _put(book, "productMargin", id=product.id, initialMargin=margin, maintenanceMargin=margin * 0.9, timestamp=at)


def _contract(book: Book, contract: Contract, *, at: str, environment: Environment) -> None:
    _put(
        book,
        "contractMaturity",
        id=contract.maturity_id,
        productId=contract.product.id,
        expirationMonth=contract.year * 100 + contract.month,
        expirationDate=timestamp(contract.expires_at),
        isFront=contract.is_front,
    )
    _put(book, "contract", id=contract.id, name=contract.name, contractMaturityId=contract.maturity_id, timestamp=at)
    if environment is Environment.DEMO:
        margin = contract.product.day_margin
        _put(book, "contractMargin", id=contract.id, initialMargin=margin, maintenanceMargin=margin, timestamp=at)


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
