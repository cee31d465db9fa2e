"""The same seed gives the same world and the same sequence of events."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from vendor_admin.sandbox.configuration import Configuration
from vendor_admin.sandbox.world.build import build_world
from vendor_admin.sandbox.world.state import Change
from vendor_admin.sandbox.world.stream import Stream

TODAY = dt.date(2026, 11, 20)
TIMES = {"timestamp", "tradeDate", "adminTimestamp", "updated"}


def _configuration(**fields: Any) -> Configuration:
    return Configuration(today=TODAY, users=4, **fields)


def _changes(configuration: Configuration, count: int) -> list[Change]:
    found: list[Change] = []
    Stream(build_world(configuration), configuration, found.append).produce(count)
    return found


def _without_times(changes: list[Change]) -> Iterator[tuple[object, ...]]:
    for change in changes:
        fields = {name: value for name, value in change.entity.items() if name not in TIMES}
        yield change.environment, change.organization_id, change.entity_type, change.event_type, fields


def test_the_same_seed_builds_the_same_world() -> None:
    first, second = (build_world(_configuration(seed=3)) for _ in range(2))
    assert [book.tables for book in first.books.values()] == [book.tables for book in second.books.values()]
    assert first.organizations == second.organizations


def test_another_seed_builds_another_world() -> None:
    first, second = (build_world(_configuration(seed=seed)) for seed in (3, 4))
    assert first.organizations != second.organizations


def test_the_same_seed_gives_the_same_events() -> None:
    first, second = (_changes(_configuration(seed=3), 3_000) for _ in range(2))
    assert list(_without_times(first)) == list(_without_times(second))


def test_another_organization_more_changes_nothing_for_the_first() -> None:
    few, many = (
        [
            change
            for change in _changes(_configuration(organizations=count), 300 * count)
            if change.organization_id == 20
        ]
        for count in (1, 3)
    )
    assert list(_without_times(few)) == list(_without_times(many))


def test_a_filled_order_is_thirteen_changes_of_eleven_types() -> None:
    changes = _changes(_configuration(organizations=1), 2_000)
    fill = next(change for change in changes if change.entity_type == "fill")
    order_id = fill.entity["orderId"]
    own = {"order": "id", "orderVersion": "orderId", "command": "orderId", "commandReport": "commandId"}
    own |= {"executionReport": "orderId", "fill": "orderId"}
    mine = [
        (change.entity_type, change.event_type, change.entity.get("ordStatus"))
        for change in changes
        if change.entity_type in own and change.entity.get(own[change.entity_type]) == order_id
    ]
    assert mine == [
        ("order", "Created", "PendingNew"),
        ("orderVersion", "Created", None),
        ("command", "Created", None),
        ("commandReport", "Created", None),
        ("order", "Updated", "Working"),
        ("executionReport", "Created", "Filled"),
        ("fill", "Created", None),
        ("order", "Updated", "Filled"),
    ]


def test_positions_are_the_sum_of_their_fills_and_pairs_are_of_real_fills() -> None:
    changes = _changes(_configuration(organizations=1), 6_000)
    latest = {(change.entity_type, change.entity["id"]): change.entity for change in changes}
    positions = {
        (entity["accountId"], entity["contractId"]): entity
        for (kind, _), entity in latest.items()
        if kind == "position"
    }
    fills = {key: entity for (kind, key), entity in latest.items() if kind == "fill"}
    sums: dict[tuple[int, int], list[float]] = {}
    for fill in fills.values():
        account_id = latest["order", fill["orderId"]]["accountId"]
        bought_and_sold = sums.setdefault((account_id, fill["contractId"]), [0.0, 0.0])
        bought_and_sold[fill["action"] == "Sell"] += fill["price"] * fill["qty"]
    compared = 0
    for key, position in positions.items():
        assert position["netPos"] == position["bought"] - position["sold"]
        assert ("netPrice" in position) == (position["netPos"] != 0)
        compared += [position["boughtValue"], position["soldValue"]] == pytest.approx(sums[key])
    assert compared >= len(positions) - 3, "at most the three orders still running may differ"
    pairs = [entity for (kind, _), entity in latest.items() if kind == "fillPair"]
    assert pairs
    for pair in pairs:
        assert fills[pair["buyFillId"]]["action"] == "Buy"
        assert fills[pair["sellFillId"]]["action"] == "Sell"


def test_old_orders_are_forgotten_with_all_that_hangs_on_them() -> None:
    configuration = _configuration(organizations=1, keep_orders=20)
    world = build_world(configuration)
    Stream(world, configuration, lambda change: None).produce(5_000)
    tables = next(iter(world.books.values())).tables
    assert 15 <= len(tables["order"]) <= 25
    assert {record.entity["orderId"] for record in tables["fill"].values()} <= set(tables["order"])
