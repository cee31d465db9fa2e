"""The fourteen products and their contracts."""

import datetime as dt

import pytest

from vendor_admin.sandbox.configuration import Configuration
from vendor_admin.sandbox.world.build import build_world
from vendor_admin.sandbox.world.products import EXCHANGES, GROUPS, PRODUCTS, Product, listed_contracts
from vendor_admin.tradovate.enums import Environment

TODAY = dt.date(2026, 8, 17)
BY_NAME = {product.name: product for product in PRODUCTS}
MICROS = {"MES": "ES", "MNQ": "NQ", "MYM": "YM", "M2K": "RTY", "MCL": "CL", "MGC": "GC"}


def test_there_are_fourteen_products_and_the_first_eight_keep_their_ids() -> None:
    assert [product.name for product in PRODUCTS[:8]] == ["ES", "NQ", "MES", "MNQ", "YM", "CL", "GC", "ZN"]
    assert [product.id for product in PRODUCTS] == list(range(801, 815))
    assert set(BY_NAME) == {*MICROS, *MICROS.values(), "ZN", "6E"}


def test_front_and_next_month_are_listed() -> None:
    contracts = listed_contracts(TODAY)
    assert len(contracts) == 28
    names = [(contract.name, contract.id, contract.is_front) for contract in contracts if contract.product.name == "ES"]
    assert names == [("ESU6", 4_308_010, True), ("ESZ6", 4_308_011, False)]


@pytest.mark.parametrize(("day", "front"), [(18, "ESZ6"), (19, "ESZ6"), (20, "ESH7"), (31, "ESH7")])
def test_the_front_month_is_never_one_that_expired_before_today(day: int, front: str) -> None:
    contract = listed_contracts(dt.date(2026, 12, day))[0]
    assert contract.name == front
    assert contract.expires_at.date() >= dt.date(2026, 12, day)


@pytest.mark.parametrize(("micro", "big"), MICROS.items())
def test_a_micro_has_the_prices_of_the_full_size_contract_and_a_tenth_of_its_value(micro: str, big: str) -> None:
    small, large = BY_NAME[micro], BY_NAME[big]
    assert (small.follows, small.tick_size, small.start_price) == (big, large.tick_size, large.start_price)
    assert small.value_per_point == large.value_per_point / 10


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.name)
def test_ticks_and_prices_are_each_others_inverse(product: Product) -> None:
    start = product.ticks(product.start_price)
    assert start is not None
    for ticks in range(start - 50, start + 50):
        price = product.price(ticks)
        assert product.ticks(price) == ticks
        assert product.ticks(price + product.tick_size / 3) is None


def test_exchanges_and_groups_are_listed() -> None:
    assert all(1 <= product.exchange_id <= len(EXCHANGES) for product in PRODUCTS)
    assert {product.group_id for product in PRODUCTS} == set(range(1, len(GROUPS) + 1))


def test_the_platform_lists_what_the_market_trades() -> None:
    book = build_world(Configuration(today=TODAY, organizations=1, users=1)).public[Environment.DEMO]
    listed = {record.entity["id"]: record.entity["name"] for record in book.all("contract")}
    assert listed == {contract.id: contract.name for contract in listed_contracts(TODAY)}
    ticks = {record.entity["id"]: record.entity["tickSize"] for record in book.all("product")}
    assert ticks == {product.id: product.tick_size for product in PRODUCTS}
    for entity_type in ("productMargin", "productSession"):
        assert {record.entity["id"] for record in book.all(entity_type)} == set(ticks)
